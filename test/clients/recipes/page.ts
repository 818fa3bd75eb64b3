/** docs/recipes.md, by recipe: the configuration and the client code that it shows. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unstable_readConfig as readConfig } from "wrangler";

export interface PageRecipe {
  /** Entries by hostname, as `TENANTS` has them. */
  readonly tenants: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Blocks of TypeScript. */
  readonly snippets: readonly string[];
}

const PAGE = new URL("../../../docs/recipes.md", import.meta.url);

/** A section is a recipe if it has configuration. */
export function readRecipes(): ReadonlyMap<string, PageRecipe> {
  const sections = readFileSync(PAGE, "utf8").split(/^## /mu).slice(1);
  return new Map(
    sections.flatMap((section) => {
      const toml = blocksOf(section, "toml");
      const title = section.slice(0, section.indexOf("\n"));
      return toml.length === 0 ? [] : [[title, { tenants: tenantsOf(toml), snippets: blocksOf(section, "ts") }]];
    }),
  );
}

/** Those that a page configures as a whole. `file` is its name in docs/. */
export function tenantsIn(file: string): PageRecipe["tenants"] {
  const page = readFileSync(new URL(`../../../docs/${file}`, import.meta.url), "utf8");
  return tenantsOf(blocksOf(page, "toml"));
}

function blocksOf(section: string, language: string): string[] {
  const found = section.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gmu"));
  return [...found].map(([, block = ""]) => block);
}

/** Read as a deployment would read it. */
function tenantsOf(blocks: readonly string[]): PageRecipe["tenants"] {
  const folder = mkdtempSync(join(tmpdir(), "oncegate-recipes-"));
  try {
    const config = join(folder, "wrangler.toml");
    writeFileSync(config, ['name = "docs"', 'compatibility_date = "2026-10-30"', ...blocks].join("\n"));
    return readConfig({ config }).vars["TENANTS"] as PageRecipe["tenants"];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
