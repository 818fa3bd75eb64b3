/** Reads the curl lines of a page, as a shell would, as far as they go. */

export interface Curl {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** Each line of the page's `sh` blocks that begins with curl, with `variables` filled in. */
export function curlsOf(page: string, variables: Readonly<Record<string, string>>): Curl[] {
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) => block.replaceAll(/\\\n\s*/g, ""));
  const lines = blocks.flatMap((block) => block.split("\n").map((line) => line.trim()));
  return lines.filter((line) => line.startsWith("curl ")).map((line) => curlOf(words(line, variables)));
}

/** `'…'` as it is, `"…"` with variables; nothing else of a shell is used. */
function words(line: string, variables: Readonly<Record<string, string>>): string[] {
  return [...line.matchAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, single, double, bare]) => {
    if (single !== undefined) return single;
    const written = double?.replaceAll(/\\(["\\])/g, "$1");
    return (written ?? bare ?? "").replaceAll(/\$([A-Z]+)/g, (_, name: string) => {
      const value = variables[name];
      if (value === undefined) throw new Error(`$${name} is not set`);
      return value;
    });
  });
}

function curlOf([, ...words]: readonly string[]): Curl {
  const headers: Record<string, string> = {};
  let url = "";
  let body: string | null = null;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "-s") continue;
    if (word === "-H") {
      const [name = "", value = ""] = (words[++at] ?? "").split(": ");
      headers[name] = value;
    } else if (word === "-d") body = words[++at] ?? "";
    else if (word.startsWith("-")) throw new Error(`an option that the test does not know: ${word}`);
    else url = word;
  }
  return { url, headers, body };
}
