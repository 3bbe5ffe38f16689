// The least that a page can do to talk to a server: makes a thread, posts a run, reads its stream.
// What each page does with the text is its own. `?server=http://127.0.0.1:8713&room=town-square` says where to.

const query = new URLSearchParams(location.search);
const base = `${query.get("server")}/api/v1/rooms/${query.get("room")}/agui`;
const log = document.querySelector("[role=log]");
const field = document.querySelector("textarea");

async function post(address, body, accept) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", accept },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer;
}

async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const frames = (rest + value).split("\n\n");
    rest = frames.pop();
    for (const frame of frames) {
      const data = frame.indexOf("data: ");
      if (data >= 0) yield JSON.parse(frame.slice(data + 6));
    }
  }
}

async function send(text, open) {
  const thread = await (await post(base, { metadata: { name: "New Thread" } }, "application/json")).json();
  const run = Object.keys(thread.runs)[0];
  const question = article("user");
  question.textContent = text;
  const input = {
    threadId: thread.thread_id, runId: run, state: {}, tools: [], context: [], forwardedProps: {},
    messages: [{ id: "user-1", role: "user", content: text }],
  };
  const stream = await post(`${base}/${thread.thread_id}/${run}`, input, "text/event-stream");
  const answer = article("assistant");
  answer.dataset.state = "streaming";
  const writer = open(answer);
  for await (const event of events(stream)) {
    if (event.type === "TEXT_MESSAGE_CONTENT") writer.write(event.delta);
  }
  writer.end();
  answer.dataset.state = "done";
}

function article(role) {
  const made = document.createElement("article");
  made.dataset.role = role;
  log.append(made);
  return made;
}

// Keeps the end in view, once a frame, as a chat page does. Off unless asked for: a page that does less is the harder
// one to be measured beside.
function follow() {
  let due = false;
  new MutationObserver(() => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      log.scrollTop = log.scrollHeight;
    });
  }).observe(log, { childList: true, subtree: true, characterData: true });
}

/** Sends what is written on Enter; `open` is given an element and gives something to write the answer with. */
export function talk(open) {
  if (query.get("follow") === "yes") follow();
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const text = field.value;
    field.value = "";
    send(text, open);
  });
  document.documentElement.dataset.ready = "true";
}
