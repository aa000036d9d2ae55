"""Files of histories: four formats in, one list of events out; judges nothing.

Whatever the format, the same rules hold: processes pair up (`event.Pairing`), time does not go
back, and every complaint is a `FileError` that opens with `path:line:`.
"""

from minicloud.check.formats.edn import EdnError, Keyword, Tagged, forms
from minicloud.check.formats.readers import FORMATS, Source, read_events

__all__ = ["FORMATS", "EdnError", "Keyword", "Source", "Tagged", "forms", "read_events"]
