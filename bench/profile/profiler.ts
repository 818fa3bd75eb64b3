/** Takes a CPU profile of a Worker through the runtime's inspector. */

import { connectInspector } from "../support/inspector.ts";
import { type Profile } from "./sums.ts";

/**
 * Profiles the Worker behind the inspector at `address` during `load`. The profiler already runs during `warmUp`: code that
 * is optimized without it keeps no record of inlined functions, so their time would count for their callers.
 */
export async function takeProfile<T>(
  address: string,
  { warmUp, load }: { readonly warmUp: () => Promise<unknown>; readonly load: () => Promise<T> },
): Promise<{ profile: Profile; loaded: T }> {
  const { call, close } = await connectInspector(address);
  await call("Profiler.enable");
  await call("Profiler.setSamplingInterval", { interval: 200 });
  await call("Profiler.start");
  await warmUp();
  await call("Profiler.stop");
  await call("Profiler.start");
  const loaded = await load();
  const { profile } = (await call("Profiler.stop")) as { profile: Profile };
  close();
  return { profile, loaded };
}
