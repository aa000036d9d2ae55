"""Makes `tests/` a place that every test may import `helpers` from, and Ctrl-C a signal again."""

import signal

# A shell gives what it starts in the background an interrupt that is ignored, and children inherit
# that; the tests that send one would wait for nothing.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
