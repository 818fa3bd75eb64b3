/**
 * Runs before each file of the projects that share one runtime. A runtime of its own for each file would be most of the time of a
 * run; so the files share one, and each begins with modules and storage as a new one has.
 */

import { reset } from "cloudflare:test";
import { beforeAll, vi } from "vitest";

vi.resetModules();
beforeAll(() => reset());
