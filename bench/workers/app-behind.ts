// The same app behind the package.

import { oncegate } from "../../src/package/index.ts";
import app from "./app.ts";

const { handler, Origin } = oncegate(app, { edge: "none", caller: ["authorization"] });

export { Origin };
export { Journal, KeyObject, ShadowObject } from "../../src/package/index.ts";
export default handler;
