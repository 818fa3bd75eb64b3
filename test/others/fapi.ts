// FAPI's retries of payments, and the test of idempotency that Open Finance Brasil has beside them.

import assert from "node:assert/strict";
import { type Answer, header, type HeaderLine } from "../conformance/client.ts";
import { expectMark, expectStatus, show } from "../conformance/expect.ts";
import { asPayment, type Bank, certificateOf, dataIn, openBank, type Sending } from "./fapi-bank.ts";
import { differs, type Place, same, type Source, type Suite } from "./scenario.ts";
import { at, expectStatusIn, expectType, json } from "./seen.ts";
import { type Stage } from "./stage.ts";

const SOURCES = "src/main/java/net/openid/conformance";
const repository = "openid-certification/conformance-suite";
const commit = "12f2a4dac6462f8a4e95968bc7e478e02881e1a7";
const FAPI: Source = { repository, commit, file: `${SOURCES}/fapi1advancedfinal/FAPI1AdvancedFinal.java` };
const inFile = (file: string, line: number): Place => ({ source: { ...FAPI, file: `${SOURCES}/${file}` }, line });

const BRASIL: Source = {
  repository,
  commit: "85babf80debea64081ccf3ed01e9be05f5783d37",
  file: `${SOURCES}/openbanking_brasil/testmodules/PaymentsConsentsReuseIdempotencyKeyTestModule.java`,
};

const pay = async ({ send }: Stage, { payments }: Bank, sending: Sending): Promise<Answer> =>
  send(payments, await asPayment(sending));

const newPayment = ({ key }: Stage): { key: string; token: string; interaction: string } => ({
  key: key(),
  token: `token-${key()}`,
  interaction: key(),
});

const idIn = async (answer: Answer, interaction: string): Promise<unknown> =>
  (await dataIn(answer, interaction))["paymentId"];

const consent = same({
  title: "A consent is created, by a signed request with a key",
  place: inFile("sequence/client/OpenBankingBrazilPreAuthorizationSteps.java", 168),
  play: async (stage) => {
    const one = newPayment(stage);
    return { one, answer: await stage.send(openBank(stage).consents, await asPayment(one)) };
  },
  theirs: async ({ one, answer }) => {
    expectStatus(answer, 201);
    assert.equal(typeof (await dataIn(answer, one.interaction))["consentId"], "string");
  },
});

const payment = same({
  title: "A payment is made, and its response has the id of the exchange",
  place: inFile("fapi1advancedfinal/AbstractFAPI1AdvancedFinalServerTestModule.java", 878),
  play: async (stage) => {
    const one = newPayment(stage);
    return { one, answer: await pay(stage, openBank(stage), one) };
  },
  theirs: async ({ one, answer }) => {
    expectStatus(answer, 201);
    assert.equal(await idIn(answer, one.interaction), "P1");
  },
});

async function paidTwice(stage: Stage, change: Partial<Sending>) {
  const bank = openBank(stage);
  const one = newPayment(stage);
  const first = await pay(stage, bank, one);
  return { one, first, second: await pay(stage, bank, { ...one, ...change }), paid: bank.paid() };
}

const expectOnePayment = async ({ one, first, second, paid }: Awaited<ReturnType<typeof paidTwice>>): Promise<void> => {
  assert.equal(await idIn(second, one.interaction), await idIn(first, one.interaction));
  assert.equal(paid, 1);
};

const CHARSET = "application/jwt; charset=utf-8";
const IPV6: HeaderLine = ["x-fapi-customer-ip-address", "2001:db8::7"];

const otherHeaders = same({
  title: "A retry that is signed again, with a charset and another address of the customer",
  place: { source: FAPI, line: 177 },
  play: (stage) => paidTwice(stage, { type: CHARSET, headers: [IPV6, ["Accept", CHARSET]] }),
  theirs: expectOnePayment,
});

const otherAccept = same({
  title: "A retry that is signed again, with another `Accept`",
  place: { source: FAPI, line: 191 },
  play: (stage) => paidTwice(stage, { headers: [["Accept", "application/jwt, application/json;q=0.5, */*;q=0.1"]] }),
  theirs: expectOnePayment,
});

const nonce = same({
  title: "DPoP: the bank asks for its nonce, and the same key comes again with it",
  place: inFile("fapi2spfinal/AbstractFAPI2SPFinalServerTestModule.java", 1038),
  play: async (stage) => {
    const bank = openBank(stage);
    const one = { ...newPayment(stage), scheme: "DPoP" as const };
    const asked = await pay(stage, bank, { ...one, headers: [["DPoP", "a proof"]] });
    const proof: HeaderLine = ["DPoP", `a proof with ${header(asked, "dpop-nonce") ?? "none"}`];
    return { one, asked, answer: await pay(stage, bank, { ...one, headers: [proof] }), paid: bank.paid() };
  },
  theirs: async ({ one, asked, answer, paid }) => {
    expectStatus(asked, 401);
    assert.match(header(asked, "www-authenticate") ?? "", /use_dpop_nonce/);
    assert.equal(await idIn(answer, one.interaction), "P1");
    assert.equal(paid, 1);
  },
});

const otherCertificate = same({
  title: "The key and the token of one client with the certificate of another are refused",
  place: inFile("fapi1advancedfinal/AbstractFAPI1AdvancedFinalMultipleClient.java", 60),
  play: (stage) => paidTwice(stage, { certificate: certificateOf("another-client") }),
  theirs: ({ second, paid }) => {
    assert.ok(second.status >= 400 && second.status < 500, show(second));
    assert.equal(paid, 1);
  },
});

const revoked = differs({
  title: "A retry with a token that is revoked since",
  place: inFile("fapi2spfinal/FAPI2SPFinalAttemptReuseAuthorizationCodeAfterOneSecond.java", 76),
  play: async (stage) => {
    const bank = openBank(stage);
    const one = newPayment(stage);
    const first = await pay(stage, bank, one);
    bank.revoke(one.token);
    const second = await pay(stage, bank, one);
    return { one, first, second, other: await pay(stage, bank, { ...one, key: stage.key() }), paid: bank.paid() };
  },
  difference: {
    theirs: "4xx (a warning, if not)",
    ours: "The replay; a new key gets the bank's 401",
    why: "A replay does not ask the origin. That is a stated limit of every gateway in front of one (11.1).",
  },
  theirs: ({ second }) => assert.ok(second.status >= 400 && second.status < 500, show(second)),
  ours: async (seen) => {
    await expectOnePayment(seen);
    expectMark(seen.second, "replayed");
    expectStatus(seen.other, 401);
  },
});

const entry = {
  caller: ["authorization", "x-thumbprint"],
  key: "required",
  key_from: ["x-idempotency-key"],
  key_format: { max: 40 },
  fingerprint: { ignore: ["/iat", "/jti"] },
  echo: ["x-fapi-interaction-id"],
  error_code: { key_reused: "ERRO_IDEMPOTENCIA" },
};

export const fapi: Suite = {
  name: "FAPI, payments",
  about:
    "What the OpenID Foundation's [suite for FAPI](https://github.com/openid-certification/conformance-suite) asks of a payment that is sent again, by its profile for Brasil. The certificate is a header of the proxy in front, `x-thumbprint`; tokens and TLS are not rebuilt.",
  source: FAPI,
  host: "fapi.example",
  entry,
  scenarios: [consent, payment, otherHeaders, otherAccept, nonce, otherCertificate, revoked],
};

const block = (line: number): Place => ({ source: BRASIL, line });

/** Sends these under one key, each signed and with an id of its own. */
async function exchanges(stage: Stage, sendings: readonly Partial<Sending>[]) {
  const bank = openBank(stage);
  const { key, token } = newPayment(stage);
  const answers: { readonly answer: Answer; readonly interaction: string }[] = [];
  for (const sending of sendings) {
    const interaction = stage.key();
    answers.push({ answer: await pay(stage, bank, { key, token, interaction, ...sending }), interaction });
  }
  const last = answers.at(-1);
  assert.ok(last !== undefined);
  return { ...last, paid: bank.paid() };
}

const firstPayment = same({
  title: "A first payment",
  place: block(58),
  play: (stage) => exchanges(stage, [{}]),
  theirs: ({ answer }) => expectStatusIn(answer, [200, 201]),
});

const identical = same({
  title: "The same payment, signed again, in another exchange",
  place: block(61),
  play: (stage) => exchanges(stage, [{}, {}]),
  theirs: async ({ answer, interaction, paid }) => {
    assert.equal(await idIn(answer, interaction), "P1");
    assert.equal(paid, 1);
  },
});

const wrongSender = differs({
  title: "The same payment in the name of another sender",
  place: block(64),
  play: (stage) => exchanges(stage, [{}, {}, { iss: "another-organisation" }]),
  difference: {
    theirs: "403 or 400 in JSON: the sender is checked first",
    ours: "422 `ERRO_IDEMPOTENCIA`; nothing is sent to the bank",
    why: "The record decides before the origin is asked (4.1.1), and the sender is part of the request (3.8.16).",
  },
  theirs: ({ answer }) => {
    expectStatusIn(answer, [403, 400]);
    expectType(answer, "application/json");
  },
  ours: ({ answer, paid }) => {
    expectStatus(answer, 422);
    assert.equal(json(answer)["code"], "ERRO_IDEMPOTENCIA");
    assert.equal(paid, 1);
  },
});

const otherAmount = differs({
  title: "Another amount under the key",
  place: block(67),
  play: (stage) => exchanges(stage, [{}, {}, { amount: "250.00" }]),
  difference: {
    theirs: "422, with a signed list of `errors`",
    ours: "422 `ERRO_IDEMPOTENCIA`, as a problem document",
    why: "A refusal is the gateway's own (6.3.1), and it has no key of the bank to sign with.",
  },
  theirs: ({ answer }) => {
    expectStatus(answer, 422);
    const [, claims = ""] = answer.body.toString().split(".");
    const text = Buffer.from(claims, "base64url").toString();
    assert.match(text, /"errors"/, show(answer));
  },
  ours: ({ answer, paid }) => {
    expectStatus(answer, 422);
    assert.equal(at(json(answer), "code"), "ERRO_IDEMPOTENCIA");
    expectType(answer, "application/problem+json");
    assert.equal(paid, 1);
  },
});

export const openFinanceBrasil: Suite = {
  name: "Open Finance Brasil, payments",
  about:
    "The test of reused keys of Open Finance Brasil, as it was in that repository in 2022. The later suite is on GitLab, out of our reach.",
  source: BRASIL,
  host: "brasil.example",
  entry,
  scenarios: [firstPayment, identical, wrongSender, otherAmount],
};
