/** The Content Security Policy of the gateway's own pages: a page loads nothing and runs nothing, even if text got past the escaping. */

/** `style` is the text of the page's one style element. `formAction`: where its forms may be sent. */
export async function contentSecurityPolicy(style: string, formAction: "'none'" | "'self'"): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));
  const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action ${formAction}; frame-ancestors 'none'`;
}
