// express-idempotency in front of an origin: node express-idempotency.ts ORIGIN. It uses its default store, which is memory.

import { type ErrorRequestHandler } from "express";
import { getSharedIdempotencyService, idempotency } from "express-idempotency";
import { isKeyed, markAs, refuseWith } from "./dress.ts";
import { forward, reply } from "./forward.ts";
import { createServer, originOf, serve } from "./serve.ts";

const origin = originOf(process.argv);
const app = createServer();
const covered = idempotency();
app.post("*", (request, response, next) => {
  // The middleware itself sends replays, so their mark is set before it runs. Executed and refused requests replace it.
  if (isKeyed(request)) markAs(request, response, "replayed");
  covered(request, response, next);
});
app.patch("*", covered);
app.all("*", (request, response, next) => {
  // Its documentation requires this check in every handler.
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
