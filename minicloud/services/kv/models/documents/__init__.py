"""Documents over a store: fields that change apart, and indexes that say what documents do."""

from minicloud.services.kv.models.documents.auditing import Audit
from minicloud.services.kv.models.documents.documents import Documents
from minicloud.services.kv.models.documents.writers import Duplicate

__all__ = ["Audit", "Documents", "Duplicate"]
