import { Upload } from "tus-js-client";

export function connectTus(gateway: string, token: string) {
  return (file: Buffer, key: string) =>
    new Promise<string | null>((resolve, reject) => {
      const upload = new Upload(file, {
        endpoint: `${gateway}/files`,
        headers: { authorization: `Bearer ${token}` },
        chunkSize: 1_000_000,
        retryDelays: [0, 1000, 3000],
        onBeforeRequest: (request) => {
          // Every other request has an offset, by which the server knows it.
          if (request.getMethod() === "POST") request.setHeader("Idempotency-Key", key);
        },
        onSuccess: () => resolve(upload.url),
        onError: reject,
      });
      upload.start();
    });
}
