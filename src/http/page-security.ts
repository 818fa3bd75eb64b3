/** The Content Security Policy of the gateway's own pages: a page loads nothing and runs nothing, even if text got past the escaping. */

interface PageParts {
  /** The text of the page's one style element. */
  readonly style: string;
  /** Where its forms may be sent. */
  readonly formAction: "'none'" | "'self'";
  /** Whether it has an icon, as data within the page. */
  readonly hasIcon: boolean;
}

export async function contentSecurityPolicy({ style, formAction, hasIcon }: PageParts): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));
  const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
  const images = hasIcon ? " img-src data:;" : "";
  return `default-src 'none'; style-src 'sha256-${hash}';${images} base-uri 'none'; form-action ${formAction}; frame-ancestors 'none'`;
}
