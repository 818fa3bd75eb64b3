/**
 * What protoc-gen-es generates from a service `shop.v1.Charges` with one method, `Charge(ChargeRequest) returns (ChargeResponse)`,
 * made here without a compiler.
 */

import { type DescMessage, type Message, fromJson, toBinary } from "@bufbuild/protobuf";
import { type GenMessage, type GenService, fileDesc, serviceDesc } from "@bufbuild/protobuf/codegenv2";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

export type ChargeRequest = Message<"shop.v1.ChargeRequest"> & { amount: number };
export type ChargeResponse = Message<"shop.v1.ChargeResponse"> & { id: string };

function field(name: string, type: string): object {
  return { name, number: 1, label: "LABEL_OPTIONAL", type, jsonName: name };
}

const file = fromJson(FileDescriptorProtoSchema, {
  name: "charges.proto",
  package: "shop.v1",
  syntax: "proto3",
  messageType: [
    { name: "ChargeRequest", field: [field("amount", "TYPE_INT32")] },
    { name: "ChargeResponse", field: [field("id", "TYPE_STRING")] },
  ],
  service: [
    {
      name: "Charges",
      method: [{ name: "Charge", inputType: ".shop.v1.ChargeRequest", outputType: ".shop.v1.ChargeResponse" }],
    },
  ],
} as Parameters<typeof fromJson<DescMessage>>[1]);

const FILE = fileDesc(Buffer.from(toBinary(FileDescriptorProtoSchema, file)).toString("base64"));

export const Charges: GenService<{
  charge: {
    methodKind: "unary";
    input: GenMessage<ChargeRequest>;
    output: GenMessage<ChargeResponse>;
  };
}> = serviceDesc(FILE, 0);
