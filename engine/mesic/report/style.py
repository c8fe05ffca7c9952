"""How the page looks: system fonts, light and dark, narrow and wide, screen and paper."""

CSS = """
:root{--ink:#1d2430;--soft:#5c6675;--line:#dfe3ea;--paper:#fff;--panel:#f6f8fa;--accent:#2f6fb3;
--block:#c4332b;--warning:#b8860b;--info:#4c7a9f}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa5b5;--line:#30363d;--paper:#161b22;
--panel:#1c232d;--accent:#6fb0f2;--block:#ff7b72;--warning:#e3b341;--info:#79b8e8}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1.5rem 1rem 4rem;background:var(--paper);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
h1{font-size:2.1rem;line-height:1.15;margin:.2rem 0 .6rem}
h2{font-size:1.35rem;margin:2.6rem 0 .8rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}
h3{font-size:1.05rem;margin:1.4rem 0 .5rem}
.run{color:var(--soft);margin:0;font-size:.9rem}
.lead{font-size:1.2rem;line-height:1.5;margin:0 0 1.2rem}
nav{display:flex;flex-wrap:wrap;gap:.4rem .9rem;font-size:.92rem}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
.scroll{overflow-x:auto;margin:.8rem 0;max-height:32rem;overflow-y:auto;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.4rem .65rem;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:normal}
th{position:sticky;top:0;background:var(--panel);font-weight:600;white-space:nowrap}
tbody tr:last-child td{border-bottom:0}
.finding{border-left:4px solid var(--info);background:var(--panel);padding:.55rem .9rem;margin:.6rem 0;
border-radius:0 6px 6px 0}
.finding p{margin:0}.finding .fix{color:var(--soft);font-size:.9rem;margin-top:.25rem}
.finding.block{border-color:var(--block)}.finding.warning{border-color:var(--warning)}
@media print{nav{display:none}.scroll{max-height:none;overflow:visible}body{max-width:none}}
"""
