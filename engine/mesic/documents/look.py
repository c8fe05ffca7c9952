"""How papers look: a page of the owner that fits on A4, long ones for auditors; light and dark, screen and paper."""

from mesic.report.style import COLOURS, FONT, MONO

CSS = f"""{COLOURS}
:root{{color-scheme:light dark}}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 {FONT};overflow-wrap:anywhere}}
main{{max-width:50rem;margin:0 auto;padding:2rem 1.25rem 3rem}}
.kicker{{color:var(--soft);font-size:.9rem;margin:0 0 .3rem}}
h1{{font-size:1.7rem;line-height:1.25;letter-spacing:-.01em;margin:0 0 1rem}}
h2{{font-size:1.08rem;margin:1.5rem 0 .4rem;color:var(--accent)}}
p{{margin:.4rem 0;text-wrap:pretty}}
.lead{{font-size:1.18rem;line-height:1.4}}
.soft{{color:var(--soft)}}
.good,.bad{{border-left:4px solid var(--zone);padding:.15rem 0 .15rem .8rem}}
.bad{{border-color:var(--block)}}
ul{{margin:.4rem 0;padding-left:1.2rem}}
li{{margin:.2rem 0}}
data{{font-variant-numeric:tabular-nums;text-decoration:underline dotted var(--quiet) 1px;text-underline-offset:.2em;
cursor:help}}
.name{{font-weight:600}}
.scroll{{overflow-x:auto;margin:.6rem 0}}
table{{border-collapse:collapse;width:100%;font-size:.9rem;line-height:1.45}}
th,td{{text-align:left;padding:.35rem .7rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}}
thead th{{color:var(--soft);font-weight:600}}
tbody th{{font-weight:600;min-width:9rem;width:16rem}}
code{{font-family:{MONO};font-size:.88em}}
footer{{color:var(--soft);font-size:.82rem;margin-top:1.6rem;border-top:1px solid var(--line);padding-top:.6rem}}
:focus-visible{{outline:2px solid var(--accent);outline-offset:2px}}
@page{{size:A4;margin:10mm 14mm}}
@media print{{
:root{{color-scheme:light}}
body{{font-size:10.5pt}}
main{{max-width:none;padding:0}}
h2{{break-after:avoid}}
tr,li{{break-inside:avoid}}
.scroll{{overflow:visible}}
data{{text-decoration:none}}
.sheet{{font-size:9pt;line-height:1.34}}
.sheet h1{{font-size:15pt;margin-bottom:2mm}}
.sheet h2{{font-size:10pt;margin:2.4mm 0 .5mm}}
.sheet p,.sheet ul{{margin:.6mm 0}}
.sheet .lead{{font-size:10pt;line-height:1.3}}
.sheet li{{margin:.25mm 0}}
.sheet footer{{margin-top:2mm;padding-top:1mm;font-size:8pt}}
.sheet .kicker{{font-size:8pt}}
}}
"""
