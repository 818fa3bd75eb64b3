import { type RouteConfig, route } from "@react-router/dev/routes";

export default [route("v1/charges", "routes/charges.ts")] satisfies RouteConfig;
