// A Worker that does nothing: what the runtime itself takes.

export default {
  fetch: (): Response => new Response("ok", { status: 201 }),
};
