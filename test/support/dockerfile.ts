/** The instructions of the last stage of a Dockerfile. */

interface Instruction {
  readonly name: string;
  readonly value: string;
}

export function finalStage(text: string): Instruction[] {
  const lines = text
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line !== "");
  const all = lines.map((line): Instruction => {
    const [, name = "", value = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    if (name === "") throw new Error(`not an instruction: ${line}`);
    return { name, value };
  });
  return all.slice(all.findLastIndex(({ name }) => name === "FROM"));
}
