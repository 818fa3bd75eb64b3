// Section 3.8.16: a JWS is compared by its claims.

import { type Check } from "../check.ts";
import { type Ask } from "../client.ts";
import { expectRefusal, expectReplay, expectRun, expectRuns } from "../expect.ts";

/** Nothing verifies it. */
function signed(claims: object, signature: string, type = "application/jwt"): Ask {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const header = encode({ alg: "RS256", kid: signature });
  return { body: `${header}.${encode(claims)}.${signature}`, headers: [["Content-Type", type]] };
}

const types = ["application/jwt", "application/jose", "application/secevent+jwt", "text/plain"];

export const jwsFingerprint: readonly Check[] = [
  ...types.map((type): Check => ({
    section: "3.8.16",
    title: `takes a JWS that was signed again for the same: ${type}`,
    needs: "ignored claims",
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      const first = await send(where, { key: sent, ...signed({ amount: 1, iat: 1, jti: "a" }, "one", type) });
      expectRun(first, 1);
      const again = signed({ jti: "b", iat: 2, amount: 1 }, "two", type);
      expectReplay(await send(where, { key: sent, ...again }), first);
      const other = signed({ amount: 2, iat: 1, jti: "a" }, "one", type);
      expectRefusal(await send(where, { key: sent, ...other }), "key_reused");
      expectRuns(origin, where, 1);
    },
  })),
  {
    section: "3.8.16",
    title: "takes a JWS with another claim for another request where none is ignored",
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      expectRun(await send(where, { key: sent, ...signed({ iat: 1 }, "one") }), 1);
      expectRefusal(await send(where, { key: sent, ...signed({ iat: 2 }, "one") }), "key_reused");
      expectRuns(origin, where, 1);
    },
  },
];
