-- Tests `nnexp lsp` in Neovim without a screen: `make test-editors`.
--   NNEXP=.build/release/nnexp nvim --headless --clean -l Tests/Editors/neovim.lua
local nnexp, folder = os.getenv("NNEXP"), os.getenv("EXPERIMENTS")

local function fail(message)
  io.stderr:write("neovim: " .. message .. "\n")
  vim.cmd("cquit 1")
end

local function await(what, condition)
  if not vim.wait(20000, condition, 20) then fail("no " .. what) end
end

local ok, problem = pcall(function()
  vim.cmd("edit " .. folder .. "/iris.yaml")
  vim.bo.swapfile = false
  local client = vim.lsp.start_client({ name = "nnexp", cmd = { nnexp, "lsp" }, root_dir = folder })
  vim.lsp.buf_attach_client(0, client)
  await("client", function() return vim.lsp.buf_is_attached(0, client) end)

  -- An error appears as it is typed, and its quick fix removes it.
  local line
  for index, text in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    if text:find("- tanh") then line = index end
  end
  vim.api.nvim_buf_set_lines(0, line - 1, line, false, { "  - tahn" })
  await("diagnostic", function() return #vim.diagnostic.get(0) == 1 end)
  local found = vim.diagnostic.get(0)[1]
  if not found.message:find("did you mean 'tanh'", 1, true) then fail(found.message) end
  if found.lnum ~= line - 1 or found.col ~= 4 then fail("the diagnostic is at " .. found.lnum) end

  local function request(method, column, more)
    local parameters = vim.tbl_extend("force", {
      textDocument = vim.lsp.util.make_text_document_params(),
      position = { line = line - 1, character = column },
    }, more or {})
    local answers = vim.lsp.buf_request_sync(0, method, parameters, 20000)
    return answers and answers[client] and answers[client].result
  end
  local whole = { start = { line = 0, character = 0 }, ["end"] = { line = 99, character = 0 } }
  local actions = request("textDocument/codeAction", 4, { range = whole, context = { diagnostics = {} } })
  vim.lsp.util.apply_workspace_edit(actions[1].edit, "utf-16")
  if vim.api.nvim_buf_get_lines(0, line - 1, line, false)[1] ~= "  - tanh" then fail("no quick fix") end
  await("removal of the diagnostic", function() return #vim.diagnostic.get(0) == 0 end)

  local hover = request("textDocument/hover", 6)
  if not hover.contents.value:find("**tanh** (layer)", 1, true) then fail("no hover") end
  local hints = request("textDocument/inlayHint", 0, { range = whole })
  if #hints ~= 3 or not hints[1].label:find("40 parameters") then fail("no inlay hints") end

  -- Completion through Neovim's own function.
  vim.api.nvim_buf_set_lines(0, line - 1, line, false, { "  - lp_po" })
  vim.api.nvim_win_set_cursor(0, { line, 9 })
  local items = request("textDocument/completion", 9)
  local words = vim.lsp.util.text_document_completion_list_to_complete_items(items, "")
  local isOffered = false
  for _, word in ipairs(words) do
    if word.abbr == "lp_pooling" and word.word:find("{type: lp_pooling", 1, true) then isOffered = true end
  end
  if not isOffered then fail("no completion") end
  vim.lsp.stop_client(client)
end)
if not ok then fail(tostring(problem)) end
print("Neovim: diagnostics, quick fix, hover, hints and completion\n")
vim.cmd("qall!")
