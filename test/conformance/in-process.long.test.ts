import { testConformance } from "./as-tests.ts";

testConformance("in-process", "all but the core");
