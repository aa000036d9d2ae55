// Owns the unpacking of the page's own program, which travels like the data: small, and in one piece.

(function () {
  let begin;
  // Whoever waits for the page may do so before there is one.
  window.mc = { ready: new Promise((resolve) => (begin = resolve)) };

  async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  unpack(document.getElementById("code").textContent).then((text) => {
    const program = document.createElement("script");
    program.textContent = text;
    document.body.append(program);
    begin(window.mc.ready);
  }).catch((problem) => {
    const notice = document.createElement("p");
    notice.textContent = `This report could not be opened: ${problem.message}. A browser from 2023 or later is needed.`;
    document.querySelector("#header .body").replaceChildren(notice);
    throw problem;
  });
})();
