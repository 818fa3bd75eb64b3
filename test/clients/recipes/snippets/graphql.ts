import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { ServerError } from "@apollo/client/errors";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { RetryLink } from "@apollo/client/link/retry";
import { createHash } from "node:crypto";

const CHARGE = gql`
  mutation Charge($amount: Int!) {
    charge(amount: $amount) {
      id
    }
  }
`;

export function connectApollo(gateway: string, token: string) {
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([
      new PersistedQueryLink({ sha256: (query) => createHash("sha256").update(query).digest("hex") }),
      new RetryLink({
        attempts: {
          max: 3,
          // No response, or a gateway that asks for the same request again.
          retryIf: (error) => !ServerError.is(error) || error.response.headers.get("x-should-retry") === "true",
        },
      }),
      new HttpLink({ uri: `${gateway}/graphql`, headers: { authorization: `Bearer ${token}` } }),
    ]),
  });

  // The context of an operation carries its key through every link.
  return async (amount: number, key: string) => {
    const context = { headers: { "idempotency-key": key } };
    const { data } = await client.mutate<{ charge: { id: string } }>({
      mutation: CHARGE,
      variables: { amount },
      context,
    });
    return data?.charge.id;
  };
}
