// In every page that is measured: the same watch, so that what it costs is the same for all.
(() => {
  if (window.bench) return;
  const tasks = [];
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) tasks.push({ at: task.startTime, ms: task.duration });
  }).observe({ type: "longtask", buffered: true });

  // After the painting that follows the callbacks of a frame.
  const afterPaint = (then) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => then(performance.now());
    channel.port2.postMessage(null);
  };

  // Whether the conversation ends with that text, but for what stands below an answer; only the last nodes are
  // looked at. A page may cut the text into nodes as it likes.
  const shows = (ending) => {
    const log = document.querySelector("[role=log]");
    if (!log) return false;
    let node = log;
    while (node.lastChild) node = node.lastChild;
    const walker = document.createTreeWalker(log);
    walker.currentNode = node;
    let text = "";
    for (let left = 300; node && left > 0; left -= 1, node = walker.previousNode()) {
      if (node.nodeType === Node.TEXT_NODE) text = node.nodeValue.slice(-200) + text;
    }
    return text.includes(ending);
  };

  const isStart = (kind, event) => kind !== "keydown" || event.key === "Enter";
  const bench = { tasks };

  // From the next press of Enter, or click, until that text is painted.
  bench.arm = (ending, kind) => {
    bench.result = new Promise((settle) => {
      let start = 0, last = 0, gap = 0;
      const frame = () => {
        const time = performance.now();
        gap = Math.max(gap, time - last);
        last = time;
        if (!shows(ending)) {
          requestAnimationFrame(frame);
          return;
        }
        afterPaint((end) => {
          gap = Math.max(gap, end - last);
          // The browser tells of long tasks a little later.
          setTimeout(() => {
            const long = tasks.filter((task) => task.at + task.ms > start && task.at < end);
            const longest = Math.max(0, ...long.map((task) => task.ms));
            settle({ took: end - start, gap, longest });
          }, 300);
        });
      };
      const begin = (event) => {
        if (!isStart(kind, event)) return;
        removeEventListener(kind, begin, true);
        start = last = event.timeStamp;
        requestAnimationFrame(frame);
      };
      addEventListener(kind, begin, true);
    });
  };

  // Every key press from now on, until it is painted: how long that takes, and how much of it is work. The rest is the wait
  // for the screen's next frame, which is a whole one at most. What a page does for a key ends with its microtasks: nothing
  // else is let in by the browser before that frame.
  bench.keys = [];
  bench.watchKeys = () => {
    let pressed = 0;
    addEventListener("keydown", (event) => (pressed = event.timeStamp), true);
    addEventListener("input", () => {
      const start = pressed;
      let heard = 0, turns = 50;
      const turn = () => {
        heard = performance.now();
        if (turns-- > 0) queueMicrotask(turn);
      };
      turn();
      requestAnimationFrame(() => {
        const frame = performance.now();
        afterPaint((end) => bench.keys.push([end - start, end - start - (frame - heard)]));
      });
    });
  };

  // Chromium breaks down when it is asked for all memories there are, so they are noted as they are made.
  const memories = new Set();
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
      const made = await original.apply(WebAssembly, given);
      const { memory } = (made.instance ?? made).exports;
      if (memory) memories.add(memory);
      return made;
    };
  }
  bench.wasm = () => [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0);

  bench.quiet = () => new Promise((then) => {
    const begun = performance.now();
    let last = begun, calm = 0;
    const look = () => {
      const time = performance.now();
      calm = time - last < 30 ? calm + 1 : 0;
      last = time;
      if (calm > 20 || time - begun > 5000) then();
      else setTimeout(look, 10);
    };
    look();
  });

  bench.nodes = () => {
    const walker = document.createTreeWalker(document, NodeFilter.SHOW_ALL);
    let count = 1;
    while (walker.nextNode()) count += 1;
    return count;
  };

  window.bench = bench;
})();
