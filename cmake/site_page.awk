# SPDX-License-Identifier: Apache-2.0
# awk -f site_page.awk -v root=<repository> PAGE.md
#
# A page as Doxygen takes it. Headings get the anchors that they have on GitHub, behind the page's
# name, and links to pages and headings lead to these. A link to a file that is not on the site
# becomes its text.
BEGIN { page = page_of(substr(ARGV[1], length(root) + 2)) }

function page_of(path) {
  if (path ~ /^(\.\.\/)*README\.md$/) return "index"
  if (path ~ /(^|\/)index\.md$/) return "pages"
  sub(/\/README\.md$/, "", path)
  sub(/^.*\//, "", path)
  sub(/\.md$/, "", path)
  return tolower(path)
}

# What a link's target is on the site; "" = not there.
function place_of(target, parts) {
  if (target ~ /^[a-z]+:/ || target ~ /\.svg$/) return target
  if (target ~ /^#/) return "#" page "-" substr(target, 2)
  if (target !~ /\.md(#|$)/) return ""
  split(target, parts, "#")
  return "#" page_of(parts[1]) (parts[2] == "" ? "" : "-" parts[2])
}

function with_links(line, done, text, open, target) {
  done = ""
  while (match(line, /\]\([^() ]*\)/)) {
    text = substr(line, 1, RSTART - 1)
    target = substr(line, RSTART + 2, RLENGTH - 3)
    line = substr(line, RSTART + RLENGTH)
    if (place_of(target) == "") {
      open = length(text)
      while (open > 0 && substr(text, open, 1) != "[") open--
      done = done substr(text, 1, open - 1) substr(text, open + 1)
    } else {
      done = done text "](" place_of(target) ")"
    }
  }
  return done line
}

# What Doxygen reads in another way than GitHub: outside of code an @ would start a command, and
# bold text that ends in a mark would not end; an apostrophe would end code. Code and bold text may
# go on on the next line.
function with_letters(line, parts, count, i, tick) {
  tick = "`"
  count = split(line, parts, "`")
  line = ""
  for (i = 1; i <= count; i++) {
    if (i > 1) {
      if (!quoted) tick = (i < count && index(parts[i], "'") ? "``" : "`")
      line = line tick
      quoted = !quoted
    }
    if (!quoted) {
      gsub(/@/, "\\@", parts[i])
      while (sub(/\*\*/, bold ? "</b>" : "<b>", parts[i])) bold = !bold
    }
    line = line parts[i]
  }
  return line
}

/^[ ]*```/ { fenced = !fenced; print; next }
fenced { print; next }
/^# / && !titled { titled = 1; print (page == "index" ? $0 : $0 " {#" page "}"); next }
/^##+ / {
  anchor = tolower($0)
  sub(/^#+ */, "", anchor)
  gsub(/[^a-z0-9 _-]/, "", anchor)
  gsub(/ /, "-", anchor)
  anchor = page "-" anchor
  if (seen[anchor]++) anchor = anchor "-" (seen[anchor] - 1)
  if (/^## /) sections = 1
  if (!sections) sub(/^#+/, "##")  # Doxygen has no subsection without a section
  print $0 " {#" anchor "}"
  next
}
/^$/ { quoted = bold = 0 }
{ print with_letters(with_links($0)) }
