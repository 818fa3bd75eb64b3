/** Which of the configured calls an origin may find in those of a message (docs/protocol.md 3.2.8 and 3.2.9). Pure. */

import { type CalledNames } from "../config/strictest-policy.ts";
import { type Called, type RpcMessage } from "../identity/json-rpc.ts";

/** The names of the calls, and those of `configured` calls that a server which is less strict may run in their place. */
export function callsFoundIn({ names, unclear }: Called, configured: readonly string[]): CalledNames {
  const own = new Set(names.flat());
  const spellings = new Set([...own].map(spellingOf));
  const methods = unclear.map((method) => `${spellingOf(method)}:`);
  const others = configured.filter((call) => {
    if (own.has(call)) return false;
    const spelling = spellingOf(call);
    return spellings.has(spelling) || methods.some((method) => spelling.startsWith(method));
  });
  return others.length === 0 ? names : [...names, ...others.map((call) => [call])];
}

/** The same of the notifications of a message. No promise covers them, but a server may run them, so a hold does. */
export function notificationsFoundIn(message: RpcMessage | null, any: CalledNames): CalledNames {
  if (message === null || message.kind === "other") return [];
  return message.notified === null ? any : callsFoundIn(message.notified, any.flat());
}

/** Whether `methods` covers a notification of a message; null covers all. */
export function hasNotificationOf(methods: readonly string[] | null, message: RpcMessage): boolean {
  if (message.kind === "other") return false;
  const { notified } = message;
  if (notified === null) return true;
  return methods === null ? notified.names.length > 0 : hasMethodOf(methods, notified);
}

/** Whether one of the calls is of one of the methods, in any spelling. */
export function hasMethodOf(methods: readonly string[], { names }: Called): boolean {
  if (names.some(([method = ""]) => methods.includes(method))) return true;
  const spellings = new Set(methods.map(spellingOf));
  return names.some(([method = ""]) => spellings.has(spellingOf(method)));
}

/** Equal for names that servers may read as one: in another letter case, with blanks around, or in characters that look the same. */
function spellingOf(name: string): string {
  const visible = name.normalize("NFKC").replaceAll(/[\s\p{Cf}]/gu, "");
  return visible.toUpperCase().toLowerCase();
}
