import { testConformance } from "./as-tests.ts";

testConformance("workerd");
