"""How the page looks: system fonts, light and dark, narrow and wide, screen and paper."""

LIGHT = """--ink:#1b2330;--soft:#596474;--line:#e1e5ec;--paper:#ffffff;--panel:#f5f7fa;--accent:#1f5fa8;
--a:#2a6db5;--b:#c8641f;--zone:#2f8f57;--quiet:#8a94a3;--block:#b42318;--warning:#946200;--info:#2a6db5"""

DARK = """--ink:#e7eaf0;--soft:#a0abba;--line:#303846;--paper:#14181f;--panel:#1c222c;--accent:#86bdf7;
--a:#6db0f5;--b:#f0975c;--zone:#5cc98b;--quiet:#7c8798;--block:#ff8a80;--warning:#e8b84a;--info:#79b6f2"""

FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif'
MONO = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace'

COLOURS = f":root{{{LIGHT}}}@media (prefers-color-scheme:dark){{:root{{{DARK}}}}}"

CSS = f"""{COLOURS}
:root{{color-scheme:light dark}}
*{{box-sizing:border-box}}
html{{scroll-behavior:smooth;scroll-padding-top:1rem;-webkit-text-size-adjust:100%}}
body{{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.6 {FONT};overflow-wrap:anywhere}}
.page{{max-width:68rem;margin:0 auto;padding:2.4rem 1.25rem 5rem}}
header,main{{min-width:0}}
.kicker{{color:var(--soft);font-size:.9rem;margin:0 0 .5rem}}
h1{{font-size:1.05rem;font-weight:600;letter-spacing:.01em;margin:0 0 .5rem;color:var(--accent)}}
.lead{{font-size:clamp(1.3rem,1rem + 1.5vw,1.85rem);line-height:1.35;font-weight:500;letter-spacing:-.01em;
margin:0 0 .7rem;max-width:44rem;text-wrap:pretty}}
.more{{font-size:1.1rem;margin:0 0 1.4rem;color:var(--soft);text-wrap:pretty}}
h2{{font-size:1.5rem;line-height:1.25;letter-spacing:-.01em;margin:0 0 .5rem}}
h3{{font-size:1.05rem;margin:1.8rem 0 .5rem}}
p{{margin:.6rem 0;max-width:44rem}}
.about{{color:var(--soft);margin-top:0}}
a{{color:var(--accent);text-underline-offset:.15em}}
section{{padding-top:3.4rem}}
.facts{{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.2rem,1fr));gap:.6rem;margin:0 0 1.4rem;padding:0}}
.facts div{{background:var(--panel);border-radius:10px;padding:.65rem .9rem}}
.facts dt{{color:var(--soft);font-size:.82rem}}
.facts dd{{margin:0;font-size:1.12rem;font-weight:600;font-variant-numeric:tabular-nums}}
nav ol{{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;list-style:none;margin:0;padding:0;font-size:.95rem}}
nav a{{display:inline-block;padding:.2rem 0;text-decoration:none}}
nav a:hover{{text-decoration:underline}}
:focus-visible{{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}}
.skip{{position:absolute;left:-99rem}}
.skip:focus{{left:1rem;top:.6rem}}
figure{{margin:1.2rem 0}}
figcaption{{color:var(--soft);font-size:.9rem;max-width:44rem;margin-top:.4rem}}
svg.chart{{display:block;width:100%;height:auto;max-width:760px}}
svg.narrow{{display:none}}
.scroll{{overflow-x:auto;margin:1rem 0;border:1px solid var(--line);border-radius:10px;
-webkit-overflow-scrolling:touch}}
.scroll.tall{{max-height:34rem;overflow-y:auto}}
table{{border-collapse:separate;border-spacing:0;width:100%;font-size:.9rem;line-height:1.45;
font-variant-numeric:tabular-nums}}
th,td{{text-align:left;padding:.5rem .8rem;border-bottom:1px solid var(--line);vertical-align:top;
overflow-wrap:break-word;max-width:26rem;background:var(--paper)}}
thead th{{position:sticky;top:0;z-index:1;background:var(--panel);font-weight:600;white-space:nowrap}}
tbody tr:last-child>*{{border-bottom:0}}
tbody th{{font-weight:600;min-width:6rem}}
.n{{text-align:right;white-space:nowrap}}
td.wide{{min-width:16rem}}
.score{{white-space:nowrap}}
.score small,.verdict small{{display:block;color:var(--soft);font-size:.85em}}
.verdict small{{min-width:14em}}
.soft{{color:var(--soft)}}
.finding{{border-left:4px solid var(--tone);background:color-mix(in srgb,var(--tone) 7%,var(--paper));
border-radius:0 10px 10px 0;padding:.9rem 1.1rem;margin:.8rem 0}}
.finding p{{margin:0;max-width:none}}
.finding .badge{{color:var(--tone);font-size:.8rem;font-weight:700;letter-spacing:.03em}}
.finding .badge code{{color:var(--soft);font-weight:400;margin-left:.5rem;background:none;padding:0}}
.finding .fix{{margin-top:.45rem;font-size:.93rem}}
.finding details{{margin:.5rem 0 0}}
.finding.block{{--tone:var(--block)}}
.finding.warning{{--tone:var(--warning)}}
.finding.info{{--tone:var(--info)}}
.missing{{color:var(--soft);border:1px dashed var(--line);border-radius:10px;padding:.8rem 1rem}}
code,pre{{font-family:{MONO};font-size:.88em}}
code{{background:var(--panel);border-radius:4px;padding:.1em .3em;overflow-wrap:anywhere}}
pre{{background:var(--panel);border-radius:10px;padding:.9rem 1.1rem;overflow-x:auto;line-height:1.5;margin:.8rem 0;
white-space:pre-wrap;max-height:34rem;overflow-y:auto}}
pre code{{background:none;padding:0;font-size:1em}}
details{{margin:1rem 0}}
summary{{cursor:pointer;color:var(--accent);font-size:.95rem}}
.chip{{display:inline-block;background:var(--panel);border-radius:5px;padding:0 .4em;margin:.1em .3em .1em 0}}
.laws{{list-style:none;display:flex;flex-wrap:wrap;gap:.45rem;padding:0;margin:.8rem 0}}
.laws li{{background:var(--panel);border-radius:99px;padding:.2rem .8rem;font-size:.9rem}}
.laws .holds b{{color:var(--zone)}}
.laws .broken{{outline:2px solid var(--block)}}
.swatch{{display:inline-block;width:.7em;height:.7em;border-radius:2px;margin-right:.4em;background:var(--tone)}}
footer{{color:var(--soft);font-size:.85rem;margin-top:4rem;border-top:1px solid var(--line);padding-top:1rem}}
@media (min-width:72rem){{
.page{{display:grid;grid-template-columns:11rem minmax(0,50rem);column-gap:3.5rem;justify-content:center;
max-width:none}}
nav{{position:sticky;top:2rem;align-self:start;grid-column:1;grid-row:1/span 3;padding-top:.2rem}}
nav ol{{flex-direction:column;gap:.15rem}}
header,main,footer{{grid-column:2}}
}}
@media (max-width:40rem){{
.page{{padding:1.4rem 1rem 4rem}}
section{{padding-top:2.6rem}}
svg.wide{{display:none}}
svg.narrow{{display:block}}
th,td{{padding:.45rem .6rem}}
.facts{{grid-template-columns:1fr 1fr}}
tbody th{{position:sticky;left:0;z-index:1;border-right:1px solid var(--line);min-width:0;max-width:8.5rem}}
}}
@media print{{
nav,.skip{{display:none}}
.page{{display:block;max-width:none;padding:0}}
.scroll,.scroll.tall,pre{{max-height:none;overflow:visible}}
svg.narrow{{display:none}}
svg.wide{{display:block}}
figure,.finding,tr{{break-inside:avoid}}
h2,h3{{break-after:avoid}}
section{{padding-top:1.6rem}}
}}
"""
