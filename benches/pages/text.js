// The fastest page there can be: the text of the stream in one text node.
import { talk } from "./client.js";

talk((answer) => {
  answer.className = "plain";
  const node = answer.appendChild(document.createTextNode(""));
  return { write: (delta) => node.appendData(delta), end: () => {} };
});
