using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "storage", disk = (path = "/nowhere", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = "2026-10-30",
  durableObjectNamespaces = [(className = "Subject", uniqueKey = "subjects", enableSql = true)],
  durableObjectStorage = (localDisk = "storage"),
  bindings = [(name = "SUBJECTS", durableObjectNamespace = "Subject")],
);
