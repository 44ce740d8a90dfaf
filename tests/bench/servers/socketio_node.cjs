// A Socket.IO server with its Redis adapter, as its documentation has it: a room, an event.

const { Redis } = require("ioredis");
const { Server } = require("socket.io");
const { createAdapter } = require("@socket.io/redis-adapter");

const publishing = new Redis(process.env.BENCH_REDIS);
const io = new Server({
    adapter: createAdapter(publishing, publishing.duplicate()),
    pingInterval: 3_600_000, // the load client answers no pings
});
io.on("connection", (socket) => socket.join("feed"));
io.attach(require("node:http").createServer().listen(Number(process.env.PORT), "127.0.0.1"));
