import { describe, expect, test } from "vitest";
import { type Commit, deployArguments } from "../../../scripts/deploy.ts";

const COMMIT: Commit = {
  hash: "0123456789abcdef0123456789abcdef01234567",
  subject: "Answer in time",
  isChanged: false,
};

describe("npm run deploy", () => {
  test("tags the version with the commit, and names the environment that was checked", () => {
    expect(deployArguments([], COMMIT)).toEqual([
      "--env",
      "",
      "--minify",
      "--tag",
      "0123456789ab",
      "--message",
      "Answer in time",
    ]);
    expect(deployArguments(["--env", "production", "--dry-run"], COMMIT)).toEqual([
      "--env",
      "production",
      "--dry-run",
      "--minify",
      "--tag",
      "0123456789ab",
      "--message",
      "Answer in time",
    ]);
  });

  test("marks a version with changes that the commit does not have", () => {
    expect(deployArguments(["-e", "production"], { ...COMMIT, isChanged: true })).toContain("0123456789ab-changed");
  });

  test("keeps a tag and a message of the user's own, and tags nothing without a commit", () => {
    const args = ["--env=production", "--tag", "mine", "--message=Mine"];
    expect(deployArguments(args, COMMIT)).toEqual([...args, "--minify"]);
    expect(deployArguments(["-e", "production"], null)).toEqual(["-e", "production", "--minify"]);
  });

  test("shortens what the platform would cut", () => {
    const subject = "a".repeat(200);
    expect(deployArguments(["-e", "production"], { ...COMMIT, subject }).at(-1)).toHaveLength(100);
  });
});
