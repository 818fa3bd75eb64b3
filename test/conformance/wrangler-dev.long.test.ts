import { testConformance } from "./as-tests.ts";

testConformance("wrangler dev");
