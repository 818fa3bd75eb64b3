// express-idempotency in front of an origin: node express-idempotency.ts ORIGIN. Its store is memory, as it comes.

import { type ErrorRequestHandler } from "express";
import { getSharedIdempotencyService, idempotency } from "express-idempotency";
import { isKeyed, markAs, refuseWith } from "./dress.ts";
import { forward, reply } from "./forward.ts";
import { createServer, originOf, serve } from "./serve.ts";

const origin = originOf(process.argv);
const app = createServer();
const covered = idempotency();
app.post("*", (request, response, next) => {
  // A replay is sent by the middleware itself, so its mark must be there before. What it executes or refuses is marked anew.
  if (isKeyed(request)) markAs(request, response, "replayed");
  covered(request, response, next);
});
app.patch("*", covered);
app.all("*", (request, response, next) => {
  // As its documentation asks of every handler.
  if (getSharedIdempotencyService().isHit(request)) return;
  if (isKeyed(request)) {
    response.removeHeader("idempotent-replayed");
    markAs(request, response, "executed");
  }
  forward(origin, request).then((answer) => reply(response, answer), next);
});
const refused: ErrorRequestHandler = (error, request, response, next) => {
  const code = { 409: "in_flight", 417: "key_reused" }[response.statusCode];
  response.removeHeader("idempotent-replayed");
  if (code === "in_flight" || code === "key_reused") refuseWith(request, response, code).catch(next);
  else next(error);
};
app.use(refused);
serve(app);
