import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../package.ts';
import { exampleText } from './example.ts';

await writeFile(join(packageRoot, '.env.example'), exampleText());
