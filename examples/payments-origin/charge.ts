// Charges, and the validation of orders. Pure: no I/O, no clock.

/** A client's order. `amount` is in the currency's minor unit (1999 is 19.99), as in card networks. */
export type ChargeOrder = {
  readonly amount: number;
  readonly currency: string;
  readonly card: string;
  /** The merchant's name for the payment. Two charges with one reference are a double charge. */
  readonly reference: string | null;
};

/** A row of the ledger: money was moved. */
export type Charge = ChargeOrder & {
  readonly id: string;
  /** The caller, key and attempt, stored to answer probes. Repetitions are not refused. */
  readonly caller: string | null;
  readonly idempotencyKey: string | null;
  readonly attempt: number | null;
  readonly createdMs: number;
};

/** An invalid member of the body, named by a JSON Pointer. */
export type Fault = { readonly pointer: string; readonly detail: string };

export type OrderCheck =
  | { readonly ok: true; readonly order: ChargeOrder }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** 999,999.99 in a currency with cents: more than a usual card payment, and far below the limit of exact integers. */
const AMOUNT_MAX = 99_999_999;

/** Cards and references are names from other systems. 64 characters fit all usual ones, including UUIDs. */
const NAME = /^[\w.:-]{1,64}$/;

const CURRENCY = /^[a-z]{3}$/;

/** Validates the text of a request body. Reports all faults at once, so that a client can fix them together. */
export function checkOrder(text: string): OrderCheck {
  const body = parseObject(text);
  if (body === null) return { ok: false, faults: [{ pointer: "", detail: "must be a JSON object" }] };

  const amount = body["amount"];
  const currency = body["currency"];
  const card = body["card"];
  const reference = body["reference"] ?? null;
  if (isAmount(amount) && isCurrency(currency) && isName(card) && (reference === null || isName(reference))) {
    return { ok: true, order: { amount, currency, card, reference } };
  }

  const faults: Fault[] = [];
  if (!isAmount(amount)) faults.push({ pointer: "/amount", detail: `must be an integer from 1 to ${AMOUNT_MAX}` });
  if (!isCurrency(currency)) faults.push({ pointer: "/currency", detail: "must be three lower-case letters" });
  if (!isName(card)) faults.push({ pointer: "/card", detail: "must be a card token of 1 to 64 characters" });
  if (reference !== null && !isName(reference)) {
    faults.push({ pointer: "/reference", detail: "must be 1 to 64 letters, digits or . _ : -" });
  }
  return { ok: false, faults };
}

/** The charge as JSON, for clients and probes alike. */
export function chargeJson(charge: Charge): Record<string, unknown> {
  return {
    id: charge.id,
    object: "charge",
    status: "succeeded",
    amount: charge.amount,
    currency: charge.currency,
    card: charge.card,
    reference: charge.reference,
    idempotency_key: charge.idempotencyKey,
    attempt: charge.attempt,
    created: new Date(charge.createdMs).toISOString(),
  };
}

function parseObject(text: string): Record<string, unknown> | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Only a SyntaxError is possible here. It is handled like any other body that is not an object.
    return null;
  }
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
}

function isAmount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= AMOUNT_MAX;
}

function isCurrency(value: unknown): value is string {
  return typeof value === "string" && CURRENCY.test(value);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && NAME.test(value);
}
