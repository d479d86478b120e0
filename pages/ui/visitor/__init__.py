"""Who looks at what: the visitor, the server's store, the design, the networks.

What a visitor's session remembers (`st.session_state`), of all that pages share. The keys of one page alone begin with
its name or its subject ("quiz_…", "dream_…", "runs_…", "pair_…") and stand as constants in its room.

    key                   owner                    who else writes it        kept on a page change?
    network               visitor/design           nobody: design.look_at    yes, and in the address ("net")
    design_draft          visitor/design           nobody: design.commit     yes
    design_link           visitor/design           nobody                    yes, and in the address ("design")
    design_inspection     visitor/design           nobody                    yes
    design_undo           visitor/design           nobody                    yes
    design_broken_link    visitor/design           nobody                    yes, until the visitor does something
    visitor               visitor/who              nobody                    yes, and in a cookie
    forgotten             visitor/who              nobody                    until the page is loaded anew
    forget_visitor        visitor/who              a component               the same
    remember_visitor      visitor/who              a component               it is on every page
    recipe_kind           forms/recipe             a widget                  yes
    recipe_dataset        forms/recipe             a widget                  yes
    recipe_memory         forms/recipe_memory      nobody                    yes, and on the server
    recipe_written        forms/recipe_memory      nobody                    yes
    selected_layer        forms/selection          nobody: selection.select  yes
    selected_layer_of     forms/selection          nobody                    yes
    network_told          forms/sidebar            nobody                    yes, written anew in each run
    add_layer             forms/sidebar            a widget                  it is on every page
    save_open             forms/share              a widget                  it is on every page
    layer_list            forms/layer_editor       a component               it is on every page
    digit                 forms/digit_input        a widget, look_at_digit   yes, and in the address
    digit_way             forms/digit_input        a widget, look_at_digit   yes
    photo_limit_<photo>   forms/photo_input        a widget                  no
    photo_by_hand_<photo> forms/photo_input        nobody                    yes
    photo_frame_<photo>   forms/photo_input        a widget                  no
    photo_across_<photo>  forms/photo_input        a widget                  no
    photo_down_<photo>    forms/photo_input        a widget                  no
    photo_piece_<photo>   forms/photo_input        nobody                    yes
    colour_photo          forms/colour_photo       nobody                    yes
    drawings              forms/canvas             nobody                    yes: registry of pads
    guess_tries           forms/guess              nobody                    yes: wrong first answers of a choice
    guess_points          forms/guess              nobody                    yes: points marked and not said
    guess_unkept          forms/guess              nobody                    yes: what the disk would not take
    guess_off             forms/guess              nobody                    yes, only where the disk would not take it
    guess_switch          forms/guess              a widget                  no: it is drawn as the notebook says
    guess_tour            forms/guess              nobody                    yes, written anew in each run of the tour
    controlled_widgets    frame/controlled         nobody                    yes: registry of widgets
    address_said          frame/address            nobody                    yes: registry of what addresses said
    address_page          frame/address            nobody                    the page that is looked at
    address_returned      frame/address            nobody                    until the page is drawn
    held_page             frame/held               nobody                    the page that was drawn last
    held_tried            frame/held               nobody                    until it was said
    scene_read            visitor/entering         nobody                    yes
    scene_opened          visitor/entering         nobody                    written anew in each run
    scene_entered         visitor/entering         nobody                    yes; what binds is on the server
    scene_return          visitor/entering         nobody                    until the next run
    scene_previewed       visitor/scene            nobody: scene.preview     yes
    scene_wanted          visitor/scene            nobody                    until a class is opened
    make_link_open        forms/make_link          nobody                    until the next run
    make_link_made        forms/make_link          nobody                    yes, until the dialog is opened anew
    make_link_title       forms/make_link          a widget                  no
    make_link_note        forms/make_link          a widget                  no
    make_link_fixed       forms/make_link          a widget                  no
    make_link_hidden      forms/make_link          a widget                  no
    make_link_pages       forms/make_link          a widget                  no
    make_link_leave       forms/make_link          a widget                  no
    make_link_recipe      forms/make_link          nobody                    yes: what the page Train has
    scene_refused         visitor/scene            nobody                    until it was said
    screen                frame/screens            a widget                  yes, and in the address
    pages_here            frame/screens            a widget                  it is on every page
    refusal_<place>       wording/refusals         nobody                    yes, until it was said

A registry remembers what we ourselves wrote last, so that a browser's echo of it is not taken for a wish.
"""
