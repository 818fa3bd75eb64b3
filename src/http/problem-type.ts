/** What is true of a problem code, whatever is answered under it. */

import { type AcpErrorType, type StripeErrorType } from "./error-formats.ts";

export interface ProblemType {
  readonly status: number;
  /** Whether sending the very same request again can help. */
  readonly retryable: boolean;
  /** The key to send next: the same one, or a new one after the request has been corrected. */
  readonly keyReuse: "same" | "new";
  readonly stripeType: StripeErrorType;
  readonly acpType: AcpErrorType;
  readonly title: string;
  /** What happened and what to do, unless the refusal brings a detail of its own. */
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}
