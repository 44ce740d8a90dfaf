"""The corpus: texts that somebody may put into a name, a title, an answer or an address in the hope that they act.

Every one that is code calls MARKER, so that a page on which it ran can be told (tests/hostile/watch.py). Each is at
most `LONGEST` characters long, so that it fits into every field whole.
"""

from __future__ import annotations

import re

MARKER = "__ran"
LONGEST = 150  # a first name's

_RUN = f"{MARKER}()"

SCRIPTS = (
    f"<script>{_RUN}</script>",
    f"<SCRIPT>{_RUN}</SCRIPT>",
    f"<script\n>{_RUN}</script\n>",
    f"<script/x>{_RUN}</script>",
    f"<script type=module>{_RUN}</script>",
    f"<script src=data:text/javascript,{_RUN}></script>",
    "<script src=//127.0.0.1:9/x.js></script>",
    f"<scr<script>ipt>{_RUN}</scr</script>ipt>",
    f"<<script>{_RUN}//<</script>",
    f"<script>{_RUN}",
    f"<noscript><p title='</noscript><script>{_RUN}</script>'>",
)

HANDLERS = (
    f"<img src=x onerror={_RUN}>",
    f'<img src="x" onerror="{_RUN}">',
    f"<IMG SRC=x OnErRoR={_RUN}>",
    f"<img/src=x/onerror={_RUN}>",
    f"<img src=x onerror\x0c=\x0c{_RUN}>",
    f"<body onload={_RUN}>",
    f"<video><source onerror={_RUN}></video>",
    f"<audio src=x onerror={_RUN}>",
    f"<details open ontoggle={_RUN}>x</details>",
    f"<input autofocus onfocus={_RUN}>",
    f"<select autofocus onfocus={_RUN}></select>",
    f"<p style=animation:arrive onanimationstart={_RUN}>x",
    f"<marquee onstart={_RUN}>x</marquee>",
    f"<b tabindex=0 autofocus onfocus={_RUN}>x</b>",
    f"<iframe onload={_RUN}></iframe>",
)

FOREIGN = (
    f"<svg onload={_RUN}>",
    f"<svg><script>{_RUN}</script></svg>",
    "<svg><script>&#95;&#95;ran()</script></svg>",
    f"<svg><animate onbegin={_RUN} attributeName=x dur=1s>",
    f"<svg><a xlink:href=javascript:{_RUN}><text y=9>x</text></a></svg>",
    f"<svg><use href=data:image/svg+xml,<svg/onload={_RUN}>>",
    f"<svg><foreignObject><iframe srcdoc='<script>parent.{_RUN}</script>'></foreignObject></svg>",
    f"<svg><style><img src=x onerror={_RUN}></style></svg>",
    f"<math><mtext><style><img src=x onerror={_RUN}></style></mtext></math>",
    f"<math href=javascript:{_RUN}>x</math>",
    f"<math><annotation-xml encoding=text/html><script>{_RUN}</script></annotation-xml></math>",
)

ATTRIBUTES = (
    f'"><script>{_RUN}</script>',
    f"'><script>{_RUN}</script>",
    f"`><script>{_RUN}</script>",
    f'" onmouseover="{_RUN}" x="',
    f"' onmouseover='{_RUN}' x='",
    f"` onmouseover=`{_RUN}` x=`",
    f'" autofocus onfocus={_RUN} "',
    f'x" hidden data-type="exam_attempt" style="position:fixed" onload="{_RUN}',
    f"\" accesskey=x onclick='{_RUN}' \"",
    f"&quot; onmouseover=&quot;{_RUN}",
    f'"/><svg/onload={_RUN}>',
    f'\\"><script>{_RUN}</script>',
)

ADDRESSES = (
    f"javascript:{_RUN}",
    f"JaVaScRiPt:{_RUN}",
    f" javascript:{_RUN}",
    f"java\tscript:{_RUN}",
    f"java\nscript:{_RUN}",
    f"\x01javascript:{_RUN}",
    f"javascript://x%0a{_RUN}",
    f"javascript&colon;{_RUN}",
    f"&#106;avascript:{_RUN}",
    f"vbscript:{_RUN}",
    f"data:text/html,<script>{_RUN}</script>",
    "data:text/html;base64,PHNjcmlwdD5fX3JhbigpPC9zY3JpcHQ+",
    f"<a href=javascript:{_RUN}>x</a>",
    "//127.0.0.1:9/%2e%2e",
    "https:127.0.0.1:9",
    "/\\127.0.0.1:9",
    f"<base href=data:,{_RUN}>",
    f"<meta http-equiv=refresh content=0;url=javascript:{_RUN}>",
    f"<form action=javascript:{_RUN}><button>x</button></form>",
    f"<object data=javascript:{_RUN}></object>",
    f"<embed src=javascript:{_RUN}>",
)

TEMPLATES = (
    "{{ 7|add:7 }}",
    "{{ settings.SECRET_KEY }}",
    "{% debug %}",
    "{% include 'base.html' %}",
    "{% endblocktranslate %}{% csrf_token %}",
    "{# x #}{{ request.user.password }}",
    "{{constructor.constructor('" + _RUN + "')()}}",
    "${" + _RUN + "}",
    "#{" + _RUN + "}",
    "<%= " + _RUN + " %>",
    "[[" + _RUN + "]]",
    "%(name)s %s %d %",
    "{0.__class__.__mro__} {name!r}",
    "$& $1 $$ $` \\1",
)

ENCODED = (
    "&lt;script&gt;" + _RUN + "&lt;/script&gt;",
    "&amp;lt;img src=x onerror=" + _RUN + "&amp;gt;",
    "&#60;script&#62;" + _RUN + "&#60;/script&#62;",
    "&#x3c;img src=x onerror=" + _RUN + "&#x3e;",
    "&LT;svg onload=" + _RUN + "&GT;",
    "%3Cscript%3E" + _RUN + "%3C/script%3E",
    "%253Cimg%2520src%253Dx%2520onerror%253D" + _RUN + "%253E",
    "\\u003cimg src=x onerror=" + _RUN + "\\u003e",
    "\\x3cscript\\x3e" + _RUN + "\\x3c/script\\x3e",
    "＜script＞" + _RUN + "＜/script＞",  # becomes < and > once it is normalised
    "+ADw-script+AD4-" + _RUN + "+ADw-/script+AD4-",
    "&nbsp;&shy;&zwj;&rlm;&ampamp;&notit;",
)

BREAKOUTS = (
    "--><script>" + _RUN + "</script><!--",
    "--!><img src=x onerror=" + _RUN + ">",
    "<!--><img src=x onerror=" + _RUN + ">-->",
    "]]><img src=x onerror=" + _RUN + ">",
    "<![CDATA[<img src=x onerror=" + _RUN + ">]]>",
    "<?php " + _RUN + " ?>",
    "</script><script>" + _RUN + "</script>",
    "</title><script>" + _RUN + "</script>",
    "</textarea><img src=x onerror=" + _RUN + ">",
    "</template><img src=x onerror=" + _RUN + ">",
    "</style><img src=x onerror=" + _RUN + ">",
    "</option></select><img src=x onerror=" + _RUN + ">",
    "</li></ol><script>" + _RUN + "</script><ol>",
    "</b></p></div></main></body></html>",
    "<plaintext>",
    "<xmp><textarea><title><noembed>",
    "<template><script>" + _RUN + "</script>",
)

STYLES = (
    "<style>*{display:none!important}</style>",
    "<style>@import '//127.0.0.1:9/x.css';</style>",
    "<link rel=stylesheet href=//127.0.0.1:9/x.css>",
    "<p style=position:fixed;inset:0;z-index:99;background:red>x",
    "x;background:url(javascript:" + _RUN + ")",
    "expression(" + _RUN + ")",
    "</style><style>body{visibility:hidden}",
    "*/body{display:none}/*",
)

CLOBBERING = (
    "<ol id=activity-feed><li data-entry-id=x>x</ol>",
    "<form id=content name=body><input name=children>",
    "<a id=location href=//127.0.0.1:9>x</a>",
    "<img name=cookie><img id=currentScript>",
    "<meta name=csrf-token content=x>",
    "<section data-feed data-socket=//127.0.0.1:9/ data-position=null>",
    "<template data-type=progress_update><li></li></template>",
    "<input name=csrfmiddlewaretoken value=x>",
    "__proto__",
    "constructor.prototype",
)

JSON = (
    '"},"x":{"y":"',
    '\\","admin":true,"x":"',
    "</script><!--<script>\u2028" + _RUN,
    "\u2028" + _RUN + "\u2029//",
    "'; " + _RUN + "; //",
    '"; ' + _RUN + "; //",
    "\\'; " + _RUN + "; //",
    "*/ " + _RUN + " /*",
    "null",
    "]]]}}}",
)

CONTROLS = (
    "a\x01\x02\x03\x08\x0e\x1f\x7fb",
    "a\x0b\x0cb",
    "a\x80\x85\x9b\x9db",
    "\x1b]0;owned\x07\x1b[2J\x1b[31mred",
    "\x9b31mred\x9d0;owned\x9c",
    "\x1bP$q\x1b\\\x1b]8;;https://127.0.0.1:9\x1b\\link\x1b]8;;\x1b\\",
    "one\rtwo",
    "one\ntwo\n\nthree",
    "x\r\nBcc: eve@school.example\r\n\r\n<b>body</b>",
    "x\nSubject: owned",
    "x%0d%0aSet-Cookie: owned=1",
    "\ufeffmark\ufffe\uffff",
    "-" * 79,
)

DIRECTIONS = (
    "Ada \u202eecalevoL",
    "\u202eright to left",
    "\u202dforced left\u202b\u202a",
    "closed too often\u202c\u202c\u202c",
    "\u200f\u061c\u200emarks",
    "\u202e\u202b" * 40 + "deep",
    "محمد بن موسى الخوارزمي",
    "עדה (1815) לאבלייס!",
    "abc אבג 123 (def)",
    "file\u202egpj.exe",
)

SHAPES = (
    "z\u0336\u0310\u0327\u0353" * 3 + "a" + "\u0303\u0489\u030d\u0334" * 24,
    "q" + "\u0324\u0316\u0317\u0323\u0330\u0331" * 20,
    "o" + "\u030a\u0302\u0308\u0301\u030c" * 25,
    "A" + "\u20dd\u20de\u20e0" * 10,
    "W" * LONGEST,
    "ﷺ" * 20,
    "\u200b\u200b\u200b",
    "a\u200bd\u2060a\u00ad\u200c\u200d",
    "\u2800\u3164\u115f",
    "👩‍👩‍👧‍👦👨🏽‍🚀🏴󠁧󠁢󠁷󠁬󠁳󠁿🇩🇪" * 3,
    "漢字仮名" * 30,
    "\ue000\uf8ff\U0010ffff",
    "𒐫𒈙⸻" * 12,
    "\u00a0\u3000\u2003 spaces \u00a0",
)

FORMULAS = (
    "=1+1",
    '=HYPERLINK("http://127.0.0.1:9/?"&A1,"x")',
    "=cmd|'/c calc'!A0",
    "+1+cmd",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    '"=1+1',
)

QUERIES = (
    "' OR '1'='1",
    "'; DROP TABLE progress_user; --",
    "\\'; SELECT pg_sleep(9); --",
    "$$ || pg_sleep(9) || $$",
    "%' AND 1=0 UNION SELECT 1 --",
    "%%%",
    "___",
    "\\\\\\",
    "*)(uid=*))(|(uid=*",
    "../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "%2e%2e%2f%2e%2e%2f",
    "$(id) `id` |id;id",
    "${jndi:ldap://127.0.0.1:9/x}",
)

CORPUS: tuple[str, ...] = (
    *SCRIPTS,
    *HANDLERS,
    *FOREIGN,
    *ATTRIBUTES,
    *ADDRESSES,
    *TEMPLATES,
    *ENCODED,
    *BREAKOUTS,
    *STYLES,
    *CLOBBERING,
    *JSON,
    *CONTROLS,
    *DIRECTIONS,
    *SHAPES,
    *FORMULAS,
    *QUERIES,
)

UNCLOSED = (
    "\u2067isolated, and never closed",
    "\u2066\u202eonly the outer one is closed\u2069",
    "\u2068",
    "closed too often\u2069\u2069",
    "\u2069\u202eclosed, then turned around",
    "\u202e\u2066" * 20 + "deep",
)
"""Isolates that do not pair up: they reach out of an element that isolates, so that no name or title may have them."""

UNSTORABLE = ("a\x00b", "\x00", "<script\x00>" + _RUN + "</script>", "Ada\x00 Lovelace")
"""NUL, which PostgreSQL does not store."""

SURROGATES = ("\\ud800", "x\\udfffy", "\\udc00\\ud800", "<img src=x onerror=" + _RUN + ">\\ud83d")
"""Lone halves of a pair, as JSON writes them."""

ONE_LINE = tuple(text for text in CORPUS if not re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text))
"""Those without line breaks, controls and marks that turn text around: what our forms take for a name or a title."""
