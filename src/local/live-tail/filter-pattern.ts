import { AwsError } from '../front/failure.ts';

/**
 * Whether a message is let through: `a "b c"` wants both, `?a ?b` one of them, `-a` none of it; case counts.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 * @throws AwsError for patterns about JSON, columns and regular expressions, which this endpoint cannot match
 */
export function filterOf(pattern: string): (message: string) => boolean {
	if (/^\s*[{[]|%/.test(pattern)) throw new AwsError('NotImplemented', `the local endpoint matches patterns of words only, not '${pattern}'`, { status: 501 });
	const terms = [...pattern.matchAll(/([?-]?)(?:"([^"]*)"|(\S+))/g)].map(([, sign = '', phrase, word = '']) => ({ sign, text: phrase ?? word }));
	const of = (sign: string): string[] => terms.filter((term) => term.sign === sign).map(({ text }) => text);
	const [all, any, none] = [of(''), of('?'), of('-')];
	return (message) => all.every((text) => message.includes(text)) && (any.length === 0 || any.some((text) => message.includes(text))) && !none.some((text) => message.includes(text));
}
