// A Worker that does nothing, to measure the runtime itself.

export default {
  fetch: (): Response => new Response("ok", { status: 201 }),
};
