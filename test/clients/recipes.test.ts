import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BATCH } from "./recipes/batch.ts";
import { CHECKOUT } from "./recipes/checkout.ts";
import { CONNECT } from "./recipes/connect.ts";
import { GRAPHQL } from "./recipes/graphql.ts";
import { LLM } from "./recipes/llm.ts";
import { OPEN_BANKING } from "./recipes/open-banking.ts";
import { readRecipes } from "./recipes/page.ts";
import { pageRecipe, type Kitchen, type Recipe, startKitchen } from "./recipes/recipe.ts";
import { TUS } from "./recipes/tus.ts";
import { X402 } from "./recipes/x402.ts";

/** Each section of docs/recipes.md, with the API behind it and what its client must come to. */
const RECIPES: readonly Recipe[] = [GRAPHQL, CONNECT, LLM, CHECKOUT, TUS, X402, OPEN_BANKING, BATCH];

const SNIPPETS = join(import.meta.dirname, "recipes", "snippets");

let kitchen: Kitchen;

beforeAll(async () => {
  kitchen = await startKitchen(RECIPES);
});

afterAll(() => kitchen.stop());

describe.each(RECIPES)("docs/recipes.md, $title:", (recipe) => {
  recipe.tests((faults, host) => kitchen.connect(recipe)(faults, host));

  test("the page shows the code that runs here", () => {
    const files = recipe.snippets.map((file) => readFileSync(join(SNIPPETS, file), "utf8"));
    expect(pageRecipe(readRecipes(), recipe.title).snippets).toEqual(files);
  });
});

test("every recipe of docs/recipes.md, and every snippet, is run", () => {
  expect([...readRecipes().keys()]).toEqual(RECIPES.map(({ title }) => title));
  expect(readdirSync(SNIPPETS).toSorted()).toEqual(RECIPES.flatMap(({ snippets }) => snippets).toSorted());
});
