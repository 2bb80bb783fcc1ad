import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acknowledgedSequence, acknowledgementOf, decodeMessage, encodeMessage, MalformedMessage, type Message } from '../../src/session/message.ts';
import { Inbox, Outbox } from '../../src/session/reliable.ts';

const message: fc.Arbitrary<Message> = fc.record({
	type: fc.constantFrom('input_stream_data', 'output_stream_data', 'acknowledge', 'channel_closed', 'start_publication', 'pause_publication'),
	sequence: fc.nat(),
	flags: fc.nat(3),
	id: fc.uuid(),
	payloadType: fc.nat(12),
	payload: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
});

describe('a frame', () => {
	test('says what its message said', () => {
		fc.assert(
			fc.property(message, fc.integer({ min: 1, max: 2 ** 42 }), (given, now) => {
				expect(decodeMessage(encodeMessage(given, now))).toEqual(given);
			}),
		);
	});

	// The bytes that AWS's client writes for this message.
	test('has its fields where AWS has them', () => {
		const frame = encodeMessage({ type: 'input_stream_data', sequence: 5, flags: 3, id: '00112233-4455-6677-8899-aabbccddeeff', payloadType: 1, payload: Buffer.from('ls') }, 0x0102030405);
		expect(frame.readUInt32BE(0)).toBe(116);
		expect(frame.toString('latin1', 4, 36)).toBe('input_stream_data               ');
		expect(frame.toString('hex', 36, 64)).toBe('00000001000000010203040500000000000000050000000000000003');
		expect(frame.toString('hex', 64, 80)).toBe('8899aabbccddeeff0011223344556677');
		expect(frame.toString('hex', 80, 112)).toBe('c7b68ac37f364473e922936708e7f43c293dd07b295171566c07ff5fe024fab9');
		expect(frame.toString('hex', 112)).toBe('00000001000000026c73');
	});

	test('cut short or changed is refused, never misread', () => {
		fc.assert(
			fc.property(message, fc.nat(), (given, cut) => {
				const frame = encodeMessage(given, 1);
				expect(() => decodeMessage(frame.subarray(0, cut % frame.length))).toThrow(MalformedMessage);
			}),
		);
		const frame = encodeMessage({ type: 'output_stream_data', sequence: 0, flags: 0, id: '00112233-4455-6677-8899-aabbccddeeff', payloadType: 1, payload: Buffer.from('output') }, 1);
		frame[121] = 0;
		expect(() => decodeMessage(frame)).toThrow('digest');
	});

	test('of an acknowledgement names the sequence number', () => {
		fc.assert(
			fc.property(message, (given) => {
				expect(acknowledgedSequence(decodeMessage(encodeMessage(acknowledgementOf(given), 1)))).toBe(given.sequence);
			}),
		);
	});
});

describe('a lossy, reordering channel', () => {
	test('delivers everything once and in order', () => {
		const script = fc.record({ pieces: fc.array(fc.string(), { maxLength: 40 }), chance: fc.infiniteStream(fc.nat(99)) });
		fc.assert(
			fc.property(script, ({ pieces, chance }) => {
				const draw = (): number => chance.next().value ?? 0;
				const [outbox, inbox, got] = [new Outbox('input_stream_data', 1000), new Inbox(), [] as string[]];
				const onTheWay = pieces.map((piece) => outbox.add(1, Buffer.from(piece), 0));
				const deliver = (frame: Buffer): void => {
					if (draw() < 30) return;
					const arrived = decodeMessage(frame);
					const { ready, confirm } = inbox.accept(arrived);
					got.push(...ready.map(({ payload }) => payload.toString()));
					if (confirm && draw() >= 30) outbox.acknowledged(arrived.sequence);
				};
				while (onTheWay.length > 0) onTheWay.splice(draw() % onTheWay.length, 1).forEach(deliver);
				for (let now = 0; !outbox.isEmpty && now < 3_000_000; now += 1000) outbox.due(now).forEach(deliver);
				expect(got).toEqual(pieces);
				expect(outbox.isEmpty).toBe(true);
			}),
		);
	});

	test('a full window asks to wait', () => {
		const outbox = new Outbox('output_stream_data', 2);
		outbox.add(1, Buffer.from('a'), 0);
		expect(outbox.isFull).toBe(false);
		outbox.add(1, Buffer.from('b'), 0);
		expect(outbox.isFull).toBe(true);
		outbox.acknowledged(0);
		expect(outbox.isFull).toBe(false);
	});

	test('what an earlier connection may have delivered is repeated some times, not for ever', () => {
		const outbox = new Outbox('output_stream_data', 10);
		const frame = outbox.add(1, Buffer.from('a'), 0);
		expect(outbox.unconfirmed(0)).toEqual([frame]);
		let repeats = 0;
		for (let now = 0; now < 60_000; now += 1000) repeats += outbox.due(now).length;
		expect(repeats).toBe(3);
		expect(outbox.isEmpty).toBe(true);
	});
});
