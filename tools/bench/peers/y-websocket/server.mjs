// The server of y-websocket, as it relays the updates of its clients: in memory, on a free port of
// the loopback. It prints `port N` when it listens.

import http from 'node:http';
import { WebSocketServer } from 'ws';
import { setupWSConnection } from '@y/websocket-server/utils';

const server = http.createServer();
const sockets = new WebSocketServer({ server });
sockets.on('connection', setupWSConnection);
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
