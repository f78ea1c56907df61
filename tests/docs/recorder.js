// Stands between curl and the agent, passes everything on as it comes, and keeps what was said.

import http from "node:http";
import WebSocket, { WebSocketServer } from "ws";

const kOfOneConnection = new Set(["connection", "keep-alive"]);

function passedOn(rawHeaders) {
  const headers = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!kOfOneConnection.has(rawHeaders[i].toLowerCase())) headers.push(rawHeaders[i], rawHeaders[i + 1]);
  }
  return headers;
}

export class Recorder {
  // `address`: HOST:PORT of the agent.
  constructor(address) {
    this.agent = address;
    this.exchanges = [];
    this.server = http.createServer((request, response) => this.#pass(request, response));
    this.sockets = new WebSocketServer({ noServer: true });
    this.server.on("upgrade", (request, socket, head) => {
      this.sockets.handleUpgrade(request, socket, head, (client) => this.#passMessages(request, client));
    });
  }

  async listen() {
    await new Promise((resume) => this.server.listen(0, "127.0.0.1", resume));
    this.address = `127.0.0.1:${this.server.address().port}`;
    return this;
  }

  // The exchanges since the last call, when each has ended.
  async taken() {
    const some = this.exchanges.splice(0);
    await Promise.all(some.map((exchange) => exchange.ended));
    return some;
  }

  close() {
    for (const client of this.sockets.clients) client.terminate();
    this.server.closeAllConnections();
    this.server.close();
  }

  #pass(request, response) {
    const exchange = { method: request.method, target: request.url, sent: "", status: 0, type: "", body: "" };
    exchange.ended = new Promise((resume) => response.on("close", resume));
    this.exchanges.push(exchange);
    response.sendDate = false;
    const [host, port] = this.agent.split(":");
    const headers = { ...request.headers, host: this.agent };
    const onward = http.request({ host, port, method: request.method, path: request.url, headers }, (answer) => {
      exchange.status = answer.statusCode;
      exchange.type = (answer.headers["content-type"] ?? "").split(";")[0];
      response.writeHead(answer.statusCode, answer.statusMessage, passedOn(answer.rawHeaders));
      answer.on("data", (piece) => { exchange.body += piece.toString("latin1"); });
      answer.on("error", () => response.destroy());
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.on("data", (piece) => { exchange.sent += piece.toString("latin1"); });
    request.pipe(onward);
  }

  // `received` and `sent`: the text messages, as the agent sees them.
  #passMessages(request, client) {
    const exchange = { method: "GET", target: request.url, status: 101, received: [], sent: [] };
    exchange.ended = new Promise((resume) => client.on("close", resume));
    this.exchanges.push(exchange);
    const agent = new WebSocket(`ws://${this.agent}${request.url}`);
    const opened = new Promise((resume) => agent.on("open", resume));
    client.on("message", async (message) => {
      exchange.received.push(message.toString());
      await opened;
      agent.send(message.toString());
    });
    agent.on("message", (message) => {
      exchange.sent.push(message.toString());
      client.send(message.toString());
    });
    agent.on("unexpected-response", (_, answer) => {
      exchange.status = answer.statusCode;
      client.terminate();
    });
    agent.on("error", () => client.terminate());
    agent.on("close", () => client.close());
    client.on("close", () => agent.terminate());
  }
}

// Bodies are kept byte by byte; this is the text of one.
export const textOf = (bytes) => Buffer.from(bytes, "latin1").toString("utf8");
