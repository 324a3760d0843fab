-- What Quarto and the embedded renderer must do alike, done once for both.
--
-- Runs before Quarto's own filters (`at: pre-ast`) and is handed to Pandoc as it is by the
-- embedded renderer. It fills in generated content, turns callouts, figures and tables into the
-- site's own markup, numbers and resolves cross-references, and points links at rendered pages.
-- It tells the page template where the page lies (`root`) and which page it is (`current`).

local stringify = pandoc.utils.stringify
local PAGES = { qmd = true, ipynb = true, md = true }
local LABELS = { fig = "Figure", tbl = "Table", eq = "Equation" }
local NOTICES = {
  note = "Note", tip = "Good practice", important = "Important",
  warning = "Warning", caution = "Take care",
}
local context = {}
local counts, targets = {}, {}

local function fail(message)
  error(message .. " (page " .. (context.path or "?") .. ")", 0)
end

local function without_suffix(path)
  return (path:gsub("%.[%w]+$", ""))
end

local function read_context(meta)
  if quarto and quarto.project and quarto.project.directory then
    local folder = quarto.project.directory
    local source = pandoc.path.make_relative(quarto.doc.input_file, folder)
    context = { folder = folder, path = source, root = quarto.project.offset }
  else
    local given = meta["page-context"]
    context = {
      folder = stringify(given.folder), path = stringify(given.path), root = stringify(given.root),
      absolute = stringify(given.absolute), code_summary = stringify(given["code-summary"]),
    }
    meta["page-context"] = nil
  end
  local key = "p-" .. without_suffix(context.path):gsub("[^%w]", "-")
  meta.current = { [key] = true }
  meta.root = context.root
  return meta
end

local function html(text)
  return pandoc.RawBlock("html", text)
end

local function escape(text)
  return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;"))
end

-- Generated content ------------------------------------------------------------------------

local function generated(div)
  if not div.classes:includes("generated") then return nil end
  local name = div.attributes.content or fail("a 'generated' block does not say its content")
  local path = pandoc.path.join({ context.folder, "_generated", name .. ".md" })
  local file = io.open(path, "r")
  if not file then fail("there is no generated content '" .. name .. "'") end
  local text = file:read("a")
  file:close()
  return pandoc.read(text, "markdown").blocks
end

-- Links --------------------------------------------------------------------------------------

local function rendered_link(link)
  local target = link.target
  if target:match("^%a[%w+.-]*:") or target:match("^//") or link.attributes.download then
    return nil
  end
  local path, anchor = target:match("^([^#]*)(#?.*)$")
  local stem, suffix = path:match("^(.*)%.(%w+)$")
  if suffix and PAGES[suffix] then path = stem .. ".html" end
  -- Quarto makes the links of the 404 page absolute by itself.
  if path ~= "" and not path:match("^/") then path = (context.absolute or "") .. path end
  link.target = path .. anchor
  return link
end

-- Numbers and cross-references ---------------------------------------------------------------

local function register(id, kind)
  if targets[id] then fail("two targets are called '" .. id .. "'") end
  counts[kind] = (counts[kind] or 0) + 1
  targets[id] = LABELS[kind] .. " " .. counts[kind]
  return counts[kind]
end

local function register_raw(block)
  if not block.format:match("html") then return nil end
  for kind, id in block.text:gmatch('<(%a+)[^>]*%sid="([%w-]+)"') do
    if kind == "figure" or kind == "table" then
      local label = block.text:match("((Figure) %d+)") or block.text:match("((Table) %d+)")
      if label then targets[id] = label end
    end
  end
end

-- A formula cannot be broken into lines: on a narrow screen it scrolls, also by keyboard.
local function formula(maths)
  -- A list of pairs, because the order of a table's keys differs from run to run.
  local attributes = { { "tabindex", "0" }, { "role", "group" }, { "aria-label", "Formula" } }
  return pandoc.Span({ maths }, pandoc.Attr("", { "formula" }, attributes))
end

local function equations(inlines)
  local index = 0
  while index < #inlines do
    index = index + 1
    local maths = inlines[index]
    if maths.t == "Math" and maths.mathtype == "DisplayMath" then
      inlines[index] = formula(maths)
      local after = inlines[index + 1]
      local at = (after and after.t == "Space") and index + 2 or index + 1
      local id = inlines[at] and inlines[at].t == "Str" and inlines[at].text:match("^{#(eq%-.+)}$")
      if id then
        local number = register(id, "eq")
        local mark = pandoc.Span("(" .. number .. ")", { class = "equation-number" })
        for _ = index + 1, at do inlines:remove(index + 1) end
        inlines[index] = pandoc.Span({ formula(maths), mark }, { id = id, class = "equation" })
      end
    end
  end
  return inlines, false
end

local function reference(cite)
  local parts = pandoc.List()
  for index, citation in ipairs(cite.citations) do
    local kind = citation.id:match("^(%a+)%-")
    if not (LABELS[kind] or kind == "sec") then return nil end
    local label = targets[citation.id]
    if not label then fail("nothing on the page is called '@" .. citation.id .. "'") end
    if index > 1 then parts:extend({ pandoc.Str(","), pandoc.Space() }) end
    parts:insert(pandoc.Link(label, "#" .. citation.id, "", { class = "xref" }))
  end
  return parts
end

-- Figures and tables -------------------------------------------------------------------------

local function numbered_caption(id, kind, caption)
  local words = pandoc.List()
  if id ~= "" and id:match("^" .. kind .. "%-") then
    local number = register(id, kind)
    local label = pandoc.Str(LABELS[kind] .. " " .. number .. ".")
    words:insert(pandoc.Span(label, { class = "artefact-number" }))
    words:insert(pandoc.Space())
  end
  words:extend(pandoc.utils.blocks_to_inlines(caption.long or pandoc.Blocks({})))
  return words
end

local function figure(block)
  local id = block.identifier
  local caption = numbered_caption(id, "fig", block.caption)
  local content = block.content:walk({
    Image = function(image)
      image.caption = pandoc.Inlines(image.attributes["fig-alt"] or stringify(image.caption))
      image.attributes["fig-alt"] = nil
      image.identifier = ""
      return image
    end,
  })
  local name = id ~= "" and ' id="' .. escape(id) .. '"' or ""
  local open = "<figure" .. name .. ' class="artefact" tabindex="0">'
  local blocks = pandoc.List({ html(open) })
  if #caption > 0 then
    blocks:extend({ html("<figcaption>"), pandoc.Plain(caption), html("</figcaption>") })
  end
  blocks:extend(content)
  blocks:insert(html("</figure>"))
  return blocks
end

-- Pandoc reads `{#tbl-x}` after a caption as the table's id; Quarto leaves it in the caption.
local function id_in_caption(block)
  if block.identifier ~= "" then return block.identifier end
  local last = block.caption.long[#block.caption.long]
  local words = last and last.content or {}
  local mark = words[#words]
  local id = mark and mark.t == "Str" and mark.text:match("^{#(tbl%-[%w-]+)}$")
  if not id then return "" end
  words:remove(#words)
  if #words > 0 and words[#words].t == "Space" then words:remove(#words) end
  last.content = words
  block.caption.long[#block.caption.long] = last
  return id
end

local function table_block(block)
  local id = id_in_caption(block)
  local caption = numbered_caption(id, "tbl", block.caption)
  block.caption = { long = pandoc.Blocks({}) }
  block.attr = pandoc.Attr()
  local options = { html_math_method = "mathml", wrap_text = "wrap-none" }
  local text = pandoc.write(pandoc.Pandoc({ block }), "html5", options)
  text = text:gsub("<colgroup>.-</colgroup>\n?", "")
  text = text:gsub("<th([%s>])", '<th scope="col"%1')
  text = text:gsub('style="text%-align: (%a+);"', 'class="align-%1"')
  local attributes = ' class="artefact" data-quarto-disable-processing="true"'
  if id ~= "" then attributes = ' id="' .. escape(id) .. '"' .. attributes end
  local label = 'aria-label="Table"'
  local heading = ""
  if #caption > 0 then
    local words = pandoc.write(pandoc.Pandoc({ pandoc.Plain(caption) }), "html5", options)
    heading = "\n<caption>" .. words:gsub("%s+$", "") .. "</caption>"
    label = 'aria-label="' .. escape(stringify(caption)) .. '"'
  end
  text = text:gsub("<table[^>]*>", "<table" .. attributes:gsub("%%", "%%%%") .. ">"
    .. heading:gsub("%%", "%%%%"), 1)
  return html('<div class="table-scroll" role="region" tabindex="0" ' .. label .. ">\n"
    .. text .. "\n</div>")
end

-- The reader of a report meets a long table as one line, which opens.
local MOST_ROWS = 40

local function folded_if_long(block)
  if not block.format:match("html") then return nil end
  local before, shown, after = block.text:match('^(.-)(<div class="table%-scroll".-\n</div>)(.*)$')
  if not shown then return nil end
  local rows = select(2, shown:gsub("<tr[ >]", "")) - 1
  if rows <= MOST_ROWS then return nil end
  local caption = shown:match("<caption[^>]*>(.-)</caption>") or "Table"
  local summary = caption:gsub("<[^>]+>", "") .. " (" .. rows .. " rows)"
  return pandoc.RawBlock("html", before .. '<details class="long-table"><summary>' .. summary
    .. "</summary>\n" .. shown .. "\n</details>" .. after)
end

-- Cells --------------------------------------------------------------------------------------

local function is_code(block)
  return block.t == "CodeBlock" and block.classes:includes("cell-code")
end

-- Quarto folds code itself; elsewhere this gives the same markup.
local function folded(code)
  if quarto then return pandoc.List({ code }) end
  return pandoc.List({
    html('<details class="code-fold">\n<summary>' .. escape(context.code_summary) .. "</summary>"),
    code,
    html("</details>"),
  })
end

-- A reader wants what a cell shows, then how: code comes after its output. A cell that shows
-- nothing (imports, opening the page) leaves its code to the next one that does.
local function cells_with_output_first(blocks)
  local waiting = nil
  local arranged = pandoc.List()
  for _, block in ipairs(blocks) do
    if not (block.t == "Div" and block.classes:includes("cell")) then
      arranged:insert(block)
    else
      local shown, code = pandoc.List(), nil
      for _, part in ipairs(block.content) do
        if is_code(part) then code = part else shown:insert(part) end
      end
      if code and waiting then code.text = waiting.text .. "\n\n" .. code.text end
      if #shown == 0 then
        waiting = code or waiting
      else
        code = code or waiting
        waiting = nil
        if code then shown:extend(folded(code)) end
        block.content = shown
        arranged:insert(block)
      end
    end
  end
  if waiting then arranged:insert(pandoc.Div(folded(waiting), { class = "cell" })) end
  return arranged
end

-- Callouts -----------------------------------------------------------------------------------

local function callout(div)
  local kind
  for _, class in ipairs(div.classes) do
    kind = kind or class:match("^callout%-(%a+)$")
  end
  if not kind then return nil end
  local title = div.attributes.title or NOTICES[kind] or fail("unknown callout '" .. kind .. "'")
  local content = div.content
  if content[1] and content[1].t == "Header" then
    title = stringify(content[1])
    content:remove(1)
  end
  local class = "notice notice-" .. kind
  if div.attributes.collapse then
    local open = div.attributes.collapse == "false" and " open" or ""
    local blocks = pandoc.List({
      html('<details class="' .. class .. '"' .. open .. "><summary>" .. escape(title)
        .. "</summary>"),
    })
    blocks:extend(content)
    blocks:insert(html("</details>"))
    return blocks
  end
  content:insert(1, pandoc.Div(pandoc.Plain(pandoc.Strong(title)), { class = "notice-title" }))
  return pandoc.Div(content, pandoc.Attr(div.identifier, { "notice", "notice-" .. kind }))
end

-- The page -----------------------------------------------------------------------------------

-- A notebook's first heading is for readers of the notebook; its page has the title already.
local function without_repeated_title(blocks)
  for index, block in ipairs(blocks) do
    if block.t == "Header" then
      if block.level == 1 then blocks:remove(index) end
      return blocks
    elseif block.t == "Div" and block.classes:includes("cell") then
      return blocks
    elseif block.t ~= "Div" and block.t ~= "RawBlock" then
      return blocks
    end
  end
  return blocks
end

function Pandoc(doc)
  doc.meta = read_context(doc.meta)
  local blocks = doc.blocks:walk({ Div = generated })
  if doc.meta.title then blocks = without_repeated_title(blocks) end
  blocks = pandoc.Blocks(cells_with_output_first(blocks))
  blocks = blocks:walk({ Link = rendered_link })
  blocks = blocks:walk({
    traverse = "topdown",
    RawBlock = register_raw,
    Inlines = equations,
    Header = function(header)
      if header.identifier:match("^sec%-") then targets[header.identifier] = stringify(header) end
    end,
    Figure = function(block) return figure(block), false end,
    Table = function(block) return table_block(block), false end,
  })
  -- Tables are text by now: their references are resolved when all targets are known.
  blocks = blocks:walk({ Cite = reference })
  blocks = blocks:walk({
    Div = function(div)
      if div.classes:includes("cell") then return div:walk({ RawBlock = folded_if_long }) end
    end,
  })
  doc.blocks = blocks:walk({ Div = callout })
  return doc
end
