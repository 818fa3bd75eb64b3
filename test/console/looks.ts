/** How a page looks in the browser, as numbers. */

import { type Page } from "playwright-core";

/** How many pixels the page is wider than the window. */
export async function overflow(page: Page): Promise<number> {
  return Math.max(0, Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth")));
}

/**
 * The texts whose contrast to what is behind them is too low (WCAG 2.2, 1.4.3), with what a placeholder has. It opens all that a page
 * has closed. `nothing` where a page has no text at all, so that a page which did not load is no success.
 */
export async function poorContrasts(page: Page): Promise<string[]> {
  return (await page.evaluate(`(${FIND})()`)) as string[];
}

/** A script for the browser, whose types this project does not have. */
const FIND = String.raw`() => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const channels = (text) => text.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ratio = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
      if (colour[3] !== 0) throw new Error("a translucent background is not understood");
    }
    throw new Error("the page has no background of its own");
  };
  const found = [];
  let texts = 0;
  const look = (element, style, text) => {
    texts++;
    const bold = Number(style.fontWeight) >= 700, size = parseFloat(style.fontSize);
    const least = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
    const is = ratio(channels(style.color), behind(element));
    if (is < least) found.push(text.trim().slice(0, 40) + ": " + is.toFixed(2));
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement: element, textContent: text } = walker.currentNode;
    if (text.trim() !== "" && element.getClientRects().length > 0 && !element.closest("svg")) look(element, getComputedStyle(element), text);
  }
  for (const field of document.querySelectorAll("[placeholder]")) {
    if (field.getClientRects().length > 0) look(field, getComputedStyle(field, "::placeholder"), field.placeholder);
  }
  for (const field of document.querySelectorAll("input, textarea, select")) {
    if (field.getClientRects().length > 0) look(field, getComputedStyle(field), field.name);
  }
  return texts === 0 ? ["nothing"] : found;
}`;
