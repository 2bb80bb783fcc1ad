/** The report's look: system fonts, colours that follow the reader's setting, one column that fits a phone. */
export const styles = `
:root{--page:#fff;--card:#f6f7f9;--line:#d9dde3;--text:#1b2330;--quiet:#5c6675;--good:#14743b;--bad:#b3261e;--idle:#8a93a1;--accent:#1f5fbf;--track:#e7eaef}
@media (prefers-color-scheme:dark){:root{--page:#12161c;--card:#1a2029;--line:#2d3643;--text:#e4e8ee;--quiet:#9aa5b4;--good:#4fc27d;--bad:#ff8a80;--idle:#76808f;--accent:#7fb0ff;--track:#262e3a}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1rem}
header{border-left:.4rem solid var(--good);padding:.2rem 0 .2rem 1rem;margin:1rem 0 2rem}
header.failed{border-color:var(--bad)}
h1{font-size:1.6rem;line-height:1.25;margin:.1rem 0 .4rem;color:var(--good)}
.failed h1{color:var(--bad)}
h2{font-size:1.15rem;margin:2rem 0 .6rem}
h3{font-size:1rem;margin:1.2rem 0 .3rem}
small{font-weight:400;color:var(--quiet);overflow-wrap:anywhere}
p{margin:.3rem 0;overflow-wrap:anywhere}
a{color:var(--accent)}
.over,.quiet{color:var(--quiet);font-size:.9rem}
dl{margin:0;border:1px solid var(--line);border-radius:.5rem;overflow:hidden}
dl div{display:grid;grid-template-columns:13rem 1fr;gap:1rem;padding:.35rem .8rem}
dl div:nth-child(odd){background:var(--card)}
dt{color:var(--quiet);overflow-wrap:anywhere}
dd{margin:0;overflow-wrap:anywhere}
.check{border:1px solid var(--line);border-radius:.5rem;margin:.5rem 0;background:var(--card);padding:.5rem .8rem}
.check.failed{border-color:var(--bad)}
summary{display:grid;grid-template-columns:1.4rem 1fr auto 1rem;column-gap:.3rem;cursor:pointer;list-style:none}
summary::-webkit-details-marker{display:none}
/* Only what holds something more than its summary opens. */
summary:not(:only-child)::after{content:"▸";grid-column:4;grid-row:1;color:var(--quiet);text-align:right}
[open]>summary:not(:only-child)::after{content:"▾"}
summary:only-child{cursor:default}
.mark{font-weight:700;color:var(--idle)}
.passed .mark{color:var(--good)}
.failed .mark{color:var(--bad)}
.name{font-weight:600;overflow-wrap:anywhere}
.time{color:var(--quiet);font-variant-numeric:tabular-nums;font-size:.9rem;text-align:right}
.proves,.detail{grid-column:2/5;overflow-wrap:anywhere}
.proves{color:var(--quiet);font-size:.9rem}
.failed .detail{color:var(--bad)}
.hint{border-left:3px solid var(--accent);padding-left:.7rem;margin:.7rem 0 .3rem 1.7rem}
pre{margin:.7rem 0 .3rem;padding:.7rem;background:var(--page);border:1px solid var(--line);border-radius:.4rem;font:.8rem/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;max-height:24rem;overflow:auto}
.shot img{display:block;width:100%;height:auto;margin:.7rem 0 .2rem;border:1px solid var(--line);border-radius:.4rem}
.bars{list-style:none;margin:0;padding:0}
.bars li{display:grid;grid-template-columns:13rem 1fr 7rem;gap:.8rem;align-items:center;padding:.1rem 0;font-size:.9rem}
.what{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.track{background:var(--track);border-radius:.2rem;height:.7rem;overflow:hidden}
.bar{display:block;height:100%;min-width:2px;background:var(--idle);border-radius:.2rem}
.bar.passed{background:var(--good)}
.bar.failed{background:var(--bad)}
.bar.critical{background:var(--accent)}
.axis{display:flex;justify-content:space-between;margin:.2rem 7.8rem 0 13.8rem;color:var(--quiet);font-size:.8rem}
@media (max-width:40rem){
body{font-size:15px}
dl div{grid-template-columns:1fr;gap:0}
.bars li{grid-template-columns:1fr auto;gap:0 .5rem;padding:.25rem 0}
.track{grid-column:1/3;grid-row:2}
.axis{margin:.2rem 0 0}
.hint{margin-left:0}
}
@media print{.check{break-inside:avoid}pre{max-height:none}}
`;
