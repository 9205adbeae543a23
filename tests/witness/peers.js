'use strict'
// Senders and receivers of lighting data that others wrote, on loopback, as one JSON line a datagram or page.
//   node peers.js ROLE PORT [ADDRESS]     ROLE: dmxnet-receive dmxnet-send artnet-send sacn-receive sacn-send
// A receiver prints {"universe": N, "data": hex}; a sender reads [[byte, ...], ...], one list a universe, and
// answers "sent". Ends with its standard input.

const readline = require('node:readline')

const [role, portText, address = '127.0.0.1'] = process.argv.slice(2)
const port = Number(portText)
const quiet = { log: { silent: true }, hosts: ['127.0.0.1'] }
const UNIVERSES = 4

function tell (universe, bytes) {
  process.stdout.write(JSON.stringify({ universe, data: Buffer.from(bytes).toString('hex') }) + '\n')
}

function eachPage (send) {
  const lines = readline.createInterface({ input: process.stdin })
  lines.on('line', (line) => Promise.resolve(send(JSON.parse(line))).then(() => process.stdout.write('"sent"\n')))
  lines.on('close', () => process.exit(0))
}

const roles = {
  'dmxnet-receive': () => {
    const { dmxnet: Dmxnet } = require('dmxnet')
    const node = new Dmxnet({ ...quiet, listen: port })
    for (let universe = 0; universe < UNIVERSES; universe++) {
      node.newReceiver({ universe }).on('data', (data) => tell(universe, data))
    }
    node.listener4.on('listening', () => process.stdout.write('"ready"\n'))
    eachPage(() => {})
  },
  'dmxnet-send': () => {
    const { dmxnet: Dmxnet } = require('dmxnet')
    const node = new Dmxnet({ ...quiet, listen: Number(process.env.OWN_PORT) })
    const senders = []
    for (let universe = 0; universe < UNIVERSES; universe++) {
      senders.push(node.newSender({ ip: address, port, universe, base_refresh_interval: 60000 }))
    }
    eachPage((page) => page.forEach((data, universe) => {
      data.forEach((value, channel) => senders[universe].prepChannel(channel, value))
      senders[universe].transmit()
    }))
  },
  'artnet-send': () => {
    const node = require('artnet')({ host: address, port, refresh: 60000 })
    eachPage((page) => page.forEach((data, universe) => node.set(universe, 1, data)))
  },
  'sacn-receive': () => {
    const { Receiver } = require('sacn')
    const universes = Array.from({ length: UNIVERSES }, (_, index) => index + 1)
    const node = new Receiver({ universes, port, iface: '127.0.0.1' })
    node.on('packet', (packet) => tell(packet.universe - 1, packet.payloadAsBuffer))
    node.on('PacketCorruption', (error) => { throw error })
    node.on('PacketOutOfOrder', (error) => { throw error })
    node.on('error', (error) => { throw error })
    node.socket.on('listening', () => process.stdout.write('"ready"\n'))
    eachPage(() => {})
  },
  'sacn-send': () => {
    const { Sender } = require('sacn')
    const senders = Array.from({ length: UNIVERSES }, (_, index) => new Sender({
      universe: index + 1,
      port,
      useUnicastDestination: address,
      defaultPacketOptions: { sourceName: 'witness', useRawDmxValues: true }
    }))
    eachPage((page) => Promise.all(page.map((data, index) => {
      const payload = Object.fromEntries(data.map((value, channel) => [channel + 1, value]))
      return senders[index].send({ payload })
    })))
  }
}

roles[role]()
