/** The body of a refusal in each dialect that an API's clients may expect (docs/protocol.md 6.5.3). */

export type ErrorFormat = "problem" | "stripe" | "acp" | "ucp";

/** The class of an error for SDKs that read Stripe's error object. */
export type StripeErrorType = "idempotency_error" | "invalid_request_error" | "api_error";

/**
 * The class of an error for clients of the Agentic Commerce Protocol: the request is wrong (`invalid_request`), the seller
 * failed to process it (`processing_error`), or the seller can't serve it now (`service_unavailable`).
 */
export type AcpErrorType = "invalid_request" | "processing_error" | "service_unavailable";

/** All that a format can write of a refusal. */
export interface ProblemContent {
  /** Where the problem is explained. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Identifies this refusal: a URN that the log has too. */
  readonly instance: string;
  readonly code: string;
  readonly retryable: boolean;
  readonly keyReuse: "same" | "new";
  readonly stripeType: StripeErrorType;
  readonly acpType: AcpErrorType;
}

interface WrittenError {
  readonly mediaType: string;
  readonly body: (content: ProblemContent) => object;
}

export const ERROR_FORMATS: Readonly<Record<ErrorFormat, WrittenError>> = {
  /** RFC 9457 */
  problem: {
    mediaType: "application/problem+json",
    body: ({ type, title, status, detail, instance, code, retryable, keyReuse, stripeType }) => ({
      type,
      title,
      status,
      detail,
      instance,
      code,
      retryable,
      key_reuse: keyReuse,
      // Stripe's SDK treats JSON without this member as a success, whatever the status.
      error: { type: stripeType, code, message: detail },
    }),
  },
  /** Stripe's error object. */
  stripe: {
    mediaType: "application/json",
    body: ({ type, detail, instance, code, stripeType }) => ({
      error: { type: stripeType, code, message: detail, doc_url: type, instance },
    }),
  },
  /** The flat error of ACP's agentic checkout. Its schema allows no other members. */
  acp: {
    mediaType: "application/json",
    body: ({ detail, instance, code, acpType }) => ({ type: acpType, code, message: `${detail} (${instance})` }),
  },
  /** The REST error of UCP. */
  ucp: {
    mediaType: "application/json",
    body: ({ detail, instance, code }) => ({ code, content: `${detail} (${instance})` }),
  },
};
