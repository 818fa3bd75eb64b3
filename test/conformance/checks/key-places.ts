// Sections 3.4.8 to 3.4.10, 3.7.4 and 3.10.2: keys in queries and forms, of several parts, of one form, and of all operations.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { type Ask, header } from "../client.ts";
import { expectProblem, expectRefusal, expectReplay, expectRun, expectRuns } from "../expect.ts";

function form(body: string): Ask {
  return { body, headers: [["Content-Type", "application/x-www-form-urlencoded"]] };
}

/** A form of parts, with a boundary of its own. */
function multipart(boundary: string, token: string): Ask {
  const part = `Content-Disposition: form-data; name="order_token"\r\n\r\n${token}`;
  return {
    body: `--${boundary}\r\n${part}\r\n--${boundary}--`,
    headers: [["Content-Type", `multipart/form-data; boundary=${boundary}`]],
  };
}

function delivery(event: string, id: string): Ask {
  return {
    headers: [
      ["X-GitHub-Event", event],
      ["X-GitHub-Delivery", id],
    ],
  };
}

const inQueriesAndForms: readonly Check[] = [
  {
    section: "3.4.8",
    title: "takes the key from the query, forwards it as it came and repeats it",
    needs: "keys in queries and forms",
    run: async ({ origin, path, send, key }) => {
      const [where, value] = [path(), key()];
      const first = await send(`${where}?a=1&requestid=${value}`);
      expectRun(first, 1);
      assert.equal(header(first, "idempotency-key"), value);
      expectReplay(await send(`${where}?a=1&requestid=${value}`), first);
      expectRefusal(await send(`${where}?a=2&requestid=${value}`), "key_reused");
      const [received] = origin.requests(where);
      assert.equal(received?.url, `${where}?a=1&requestid=${value}`);
      expectRun(await send(`${where}?a=1&requestid=${key()}`), 2);
    },
  },
  {
    section: "3.4.8",
    title: "takes the key from a field of a form",
    needs: "keys in queries and forms",
    run: async ({ origin, path, send, key }) => {
      const [where, value] = [path(), key()];
      const first = await send(where, form(`amount=1&order_token=${value}`));
      expectRun(first, 1);
      expectReplay(await send(where, form(`amount=1&order%5Ftoken=${value}`)), first);
      expectRefusal(await send(where, form(`amount=2&order_token=${value}`)), "key_reused");
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.4.8",
    title: "takes the key from a part of a form, each time with another boundary",
    needs: "keys in queries and forms",
    run: async ({ origin, path, send, key }) => {
      const [where, value] = [path(), key()];
      const first = await send(where, multipart("one", value));
      expectRun(first, 1);
      expectReplay(await send(where, multipart("two", value)), first);
      expectRuns(origin, where, 1);
    },
  },
  ...(
    [
      ["an empty parameter", "?requestid=", {}],
      ["a parameter twice", "?requestid=a&requestid=a", {}],
      ["a parameter that is not ASCII", "?requestid=%C3%A9", {}],
      ["an empty field", "", form("order_token=")],
      ["a field twice", "", form("order_token=a&order_token=a")],
      ["a form that can't be read", "", form("order_token=%zz")],
      ["a form whose type can't be read", "", { body: "order_token=a", headers: [["Content-Type", "a form"]] }],
    ] as readonly (readonly [string, string, Ask])[]
  ).map(([title, query, asked]): Check => ({
    section: "3.4.8",
    title: `refuses ${title}`,
    needs: "keys in queries and forms",
    run: async ({ origin, path, send }) => {
      const where = path();
      expectProblem(await send(where + query, asked), "key_invalid");
      expectRuns(origin, where, 0);
    },
  })),
];

const ofSeveralParts: readonly Check[] = [
  {
    section: "3.4.9",
    title: "takes a key of two headers, each after its length",
    needs: "keys of several parts",
    run: async ({ origin, path, send, key }) => {
      const [where, id] = [path(), key()];
      const first = await send(where, delivery("push", id));
      expectRun(first, 1);
      assert.equal(header(first, "idempotency-key"), `4:push${id.length}:${id}`);
      expectReplay(await send(where, delivery("push", id)), first);
      expectRun(await send(where, delivery("issues", id)), 2);
      expectRuns(origin, where, 2);
    },
  },
  {
    section: "3.4.9",
    title: "refuses a request with only some of the parts",
    needs: "keys of several parts",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectProblem(await send(where, { headers: [["X-GitHub-Delivery", key()]] }), "key_invalid");
      expectProblem(await send(where, { headers: [["X-GitHub-Event", "push"]] }), "key_invalid");
      expectRuns(origin, where, 0);
    },
  },
];

export const keyPlaces: readonly Check[] = [
  ...inQueriesAndForms,
  ...ofSeveralParts,
  {
    section: "3.4.10",
    title: "refuses a key of another form",
    needs: "UUID keys",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectProblem(await send(where, { key: "order-1" }), "key_invalid");
      expectRuns(origin, where, 0);
      expectRun(await send(where, { key: key() }), 1);
    },
  },
  {
    section: "3.7.4",
    title: "refuses a key on another operation where it belongs to all",
    needs: "keys of all operations",
    run: async ({ origin, path, send, key }) => {
      const [where, other, sent] = [path(), path(), key()];
      const first = await send(where, { key: sent });
      expectRun(first, 1);
      expectRefusal(await send(other, { key: sent }), "key_reused");
      expectRefusal(await send(where, { key: sent, method: "PATCH" }), "key_reused");
      expectReplay(await send(where, { key: sent }), first);
      expectRun(await send(other, { key: sent, caller: "Bearer another" }), 1);
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.10.2",
    title: "derives a key from the query and a form",
    needs: "keys derived from query and form",
    run: async ({ origin, path, send, key }) => {
      const [where, order] = [path(), key()];
      const first = await send(`${where}?shop=1`, form(`order=${order}`));
      expectRun(first, 1);
      expectReplay(await send(`${where}?shop=1`, form(`order=${order}`)), first);
      expectRefusal(await send(`${where}?shop=1`, form(`order=${order}&a=1`)), "key_reused");
      expectRun(await send(`${where}?shop=2`, form(`order=${order}`)), 2);
      expectRuns(origin, where, 2);
    },
  },
];
