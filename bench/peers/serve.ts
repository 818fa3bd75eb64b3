/** Runs an Express server that reads bodies raw, on a free port, and prints its URL. */

import express, { type Express, type NextFunction, type Request, type Response } from "express";
import { type AddressInfo } from "node:net";

/** More than any check sends. */
const BODY_MAX = "30mb";

export function createServer(): Express {
  const app = express();
  app.disable("x-powered-by").disable("etag");
  app.use(express.raw({ type: () => true, limit: BODY_MAX }));
  return app;
}

/** The origin, from the command line. */
export function originOf(argv: readonly string[]): string {
  const [, , origin] = argv;
  if (origin === undefined) throw new Error("the origin is missing");
  return origin;
}

export function serve(app: Express): void {
  // Express's own error page would reveal the stack. A status that a middleware has set is kept.
  app.use((error: Error, _request: Request, response: Response, _next: NextFunction) => {
    if (response.headersSent) return void response.destroy();
    const status = response.statusCode >= 400 ? response.statusCode : 502;
    response.status(status).json({ message: error.message });
  });
  const server = app.listen(0, "127.0.0.1", () => {
    console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  process.once("SIGTERM", () => process.exit());
}
