// The stream rendered by the npm package streaming-markdown, with the renderer that it brings.
import { talk } from "./client.js";
import * as smd from "./smd.js";

talk((answer) => {
  const parser = smd.parser(smd.default_renderer(answer));
  return { write: (delta) => smd.parser_write(parser, delta), end: () => smd.parser_end(parser) };
});
