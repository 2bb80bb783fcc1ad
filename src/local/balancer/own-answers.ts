import type { ServerResponse } from 'node:http';

/** What an application load balancer answers by itself: its words and its Server header. */
const titles = {
	301: '301 Moved Permanently',
	302: '302 Found',
	502: '502 Bad Gateway',
	503: '503 Service Temporarily Unavailable',
	504: '504 Gateway Time-out',
};
export type OwnStatus = keyof typeof titles;

export function ownAnswer(response: ServerResponse, status: OwnStatus, headers: Readonly<Record<string, string>> = {}): void {
	if (response.headersSent) return void response.destroy();
	const title = titles[status];
	const page = ['<html>', `<head><title>${title}</title></head>`, '<body>', `<center><h1>${title}</h1></center>`, '</body>', '</html>', ''].join('\r\n');
	plainAnswer(response, status, 'text/html', page, headers);
}

export function plainAnswer(response: ServerResponse, status: number, contentType: string, body: string, headers: Readonly<Record<string, string>> = {}): void {
	response.writeHead(status, { Server: 'awselb/2.0', 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body), ...headers });
	response.end(body);
}
