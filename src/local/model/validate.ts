export interface ServiceModel { readonly shapes: Readonly<Record<string, unknown>> }
