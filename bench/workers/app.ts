// An app of its own: what it answers comes from no origin.

const PADDING = "x".repeat(150);

export default {
  async fetch(request: Request): Promise<Response> {
    const { length } = await request.text();
    return Response.json({ id: crypto.randomUUID(), length, padding: PADDING }, { status: 201 });
  },
};
